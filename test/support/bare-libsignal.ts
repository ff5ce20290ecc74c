// The library as it comes from npm, beside the one that crypto/session uses: a second copy of the same files, with its own curve and WebCrypto.
import { createRequire } from 'node:module';
import type * as Library from '@privacyresearch/libsignal-protocol-typescript';
import type { KeyPairType, StorageType } from '@privacyresearch/libsignal-protocol-typescript';

const NAME = '@privacyresearch/libsignal-protocol-typescript';
const require = createRequire(import.meta.url);

export type Bare = typeof Library;

export function loadBare(): Bare {
  for (const file of Object.keys(require.cache)) if (file.includes(NAME)) delete require.cache[file];
  return require(NAME) as Bare;
}

/** Of the copy loaded last. */
export function bareInner<T>(file: string): T {
  return require(`${NAME}/lib/${file}.js`) as T;
}

export type BareStore = StorageType & {
  trusted: (name: string, key: ArrayBuffer) => boolean;
  sessions: Map<string, string>;
  identities: Map<string, ArrayBuffer>;
  prekeys: Map<number, KeyPairType>;
  /** What the library asked and saved, in order. */
  calls: string[];
};

export type BareParty = { name: string; store: BareStore; identity: KeyPairType; signed: KeyPairType; signature: ArrayBuffer };

/** A store as one writes it on first reading: it answers what it is asked. */
export async function bareParty(bare: Bare, name: string): Promise<BareParty> {
  const helper = bare.KeyHelper;
  const identity = await helper.generateIdentityKeyPair();
  const signed = await helper.generateSignedPreKey(identity, 1);
  const sessions = new Map<string, string>();
  const identities = new Map<string, ArrayBuffer>();
  const prekeys = new Map<number, KeyPairType>();
  const calls: string[] = [];
  const store: BareStore = {
    sessions,
    identities,
    prekeys,
    calls,
    trusted: () => true,
    getIdentityKeyPair: async () => identity,
    getLocalRegistrationId: async () => 77,
    async isTrustedIdentity(asked, key) {
      calls.push(`trusted? ${asked}`);
      return store.trusted(asked, key);
    },
    async saveIdentity(address, key) {
      calls.push(`save ${address}`);
      identities.set(address, key);
      return true;
    },
    loadPreKey: async (id) => prekeys.get(Number(id)),
    storePreKey: async (id, pair) => void prekeys.set(Number(id), pair),
    removePreKey: async (id) => void prekeys.delete(Number(id)),
    storeSession: async (address, record) => void sessions.set(address, record),
    loadSession: async (address) => sessions.get(address),
    loadSignedPreKey: async (id) => (Number(id) === 1 ? signed.keyPair : undefined),
    storeSignedPreKey: async () => undefined,
    removeSignedPreKey: async () => undefined,
  };
  return { name, store, identity, signed: signed.keyPair, signature: signed.signature };
}

const addressOf = (bare: Bare, name: string) => new bare.SignalProtocolAddress(name, 1);

export async function bareStart(
  bare: Bare,
  from: BareParty,
  to: BareParty,
  preKey?: { keyId: number; publicKey: ArrayBuffer },
): Promise<void> {
  await new bare.SessionBuilder(from.store, addressOf(bare, to.name)).processPreKey({
    registrationId: 77,
    identityKey: to.identity.pubKey,
    signedPreKey: { keyId: 1, publicKey: to.signed.pubKey, signature: to.signature },
    ...(preKey ? { preKey } : {}),
  });
}

export type BareMessage = { type: number; body: string };

export async function bareSend(bare: Bare, from: BareParty, to: string, text: string): Promise<BareMessage> {
  const cipher = new bare.SessionCipher(from.store, addressOf(bare, to));
  const { type, body } = await cipher.encrypt(new TextEncoder().encode(text).buffer);
  return { type, body: body ?? '' };
}

export async function bareReceive(bare: Bare, to: BareParty, from: string, { type, body }: BareMessage): Promise<string> {
  const cipher = new bare.SessionCipher(to.store, addressOf(bare, from));
  const plain = type === 3 ? await cipher.decryptPreKeyWhisperMessage(body, 'binary') : await cipher.decryptWhisperMessage(body, 'binary');
  return new TextDecoder().decode(plain);
}
