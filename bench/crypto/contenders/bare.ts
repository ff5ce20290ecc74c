/** The library as it comes from npm, with its own curve and the platform's WebCrypto: what a first reading of its README gives. */
import * as library from '@privacyresearch/libsignal-protocol-typescript';
import { type Contender, plaintext, sameText } from '../contender.ts';

type Store = library.StorageType & { clear(): void };
type Party = { name: string; store: Store; bundle: library.DeviceType };

async function makeParty(name: string): Promise<Party> {
  const { KeyHelper } = library;
  const identity = await KeyHelper.generateIdentityKeyPair();
  const signed = await KeyHelper.generateSignedPreKey(identity, 1);
  const sessions = new Map<string, string>();
  const store: Store = {
    clear: () => sessions.clear(),
    getIdentityKeyPair: async () => identity,
    getLocalRegistrationId: async () => 77,
    isTrustedIdentity: async () => true,
    saveIdentity: async () => true,
    loadPreKey: async () => undefined,
    storePreKey: async () => undefined,
    removePreKey: async () => undefined,
    storeSession: async (address, record) => void sessions.set(address, record),
    loadSession: async (address) => sessions.get(address),
    loadSignedPreKey: async () => signed.keyPair,
    storeSignedPreKey: async () => undefined,
    removeSignedPreKey: async () => undefined,
  };
  const signedPreKey = { keyId: 1, publicKey: signed.keyPair.pubKey, signature: signed.signature };
  return { name, store, bundle: { registrationId: 77, identityKey: identity.pubKey, signedPreKey } };
}

const addressOf = ({ name }: Party): library.SignalProtocolAddress => new library.SignalProtocolAddress(name, 1);

async function say(from: Party, to: Party): Promise<void> {
  const { type, body = '' } = await new library.SessionCipher(from.store, addressOf(to)).encrypt(plaintext.slice().buffer);
  const cipher = new library.SessionCipher(to.store, addressOf(from));
  sameText(
    new Uint8Array(
      type === 3 ? await cipher.decryptPreKeyWhisperMessage(body, 'binary') : await cipher.decryptWhisperMessage(body, 'binary'),
    ),
  );
}

async function start(from: Party, to: Party): Promise<void> {
  from.store.clear();
  to.store.clear();
  await new library.SessionBuilder(from.store, addressOf(to)).processPreKey(to.bundle);
  await say(from, to);
}

/** It has no sender keys. Its record grows with every turn (L2), so each slice of a conversation begins a new one. */
export async function bare(): Promise<Contender> {
  const [alice, bob] = [await makeParty('alice'), await makeParty('bob')];
  const prepare = async (): Promise<void> => {
    await start(alice, bob);
    await say(bob, alice);
  };
  return {
    pingpong: {
      prepare,
      async run(count) {
        for (let i = 0; i < count; i++) await (i % 2 ? say(bob, alice) : say(alice, bob));
      },
    },
    stream: {
      prepare,
      async run(count) {
        for (let i = 0; i < count; i++) await say(alice, bob);
      },
    },
    sessionStart: {
      async run(count) {
        for (let i = 0; i < count; i++) await start(alice, bob);
      },
    },
  };
}
