/** Signal's side of a session: its library with stores in memory. */
import { type Bytes, concat, type DeviceAddress, type PrekeyBundle, utf8 } from '../../crypto/index.ts';
import type { Libsignal, PreKeyRecord, PrivateKey, PublicKey, SessionRecord, SignedPreKeyRecord } from './libsignal.ts';
import { accepted, ONE_TIME_PREKEYS, type Peer, type Received, turnedDown } from './peer.ts';

const REGISTRATION_ID = 4_711;
const SIGNED_PREKEY_ID = 9;
// IdentityChange.NewOrUnchanged of 0.72.
const UNCHANGED = 0;
const FIRST = 1;
const LATER = 2;

/** The 32 bytes after Signal's type byte. */
const bare = (key: PublicKey): Bytes => new Uint8Array(key.serialize().subarray(1));

const typed = (key: Uint8Array): Buffer => Buffer.from(concat(Uint8Array.of(5), key));

export async function judged(library: Libsignal, run: () => Promise<Uint8Array>): Promise<Received> {
  try {
    return accepted(Buffer.from(await run()).toString('utf8'));
  } catch (error) {
    if (!(error instanceof Error && 'code' in error && 'operation' in error)) throw error;
    return turnedDown(error.code === library.ErrorCode.DuplicatedMessage, error);
  }
}

function makeStores(library: Libsignal, identity: PrivateKey) {
  let session: SessionRecord | null = null;
  let known: PublicKey | null = null;
  const prekeys = new Map<number, PreKeyRecord>();
  const signedPrekeys = new Map<number, SignedPreKeyRecord>();
  const found = <Value>(value: Value | undefined): Value => {
    if (value === undefined) throw Object.assign(new Error('no such prekey'), { code: 0, operation: 'store' });
    return value;
  };
  class Sessions extends library.SessionStore {
    getSession = async () => session;
    saveSession = async (_: unknown, record: SessionRecord) => {
      session = record;
    };
  }
  class Identities extends library.IdentityKeyStore {
    getIdentityKey = async () => identity;
    getLocalRegistrationId = async () => REGISTRATION_ID;
    getIdentity = async () => known;
    isTrustedIdentity = async (_: unknown, key: PublicKey) => known === null || Buffer.from(known.serialize()).equals(key.serialize());
    saveIdentity = async (_: unknown, key: PublicKey) => {
      known = key;
      return UNCHANGED;
    };
  }
  class Prekeys extends library.PreKeyStore {
    getPreKey = async (id: number) => found(prekeys.get(id));
    removePreKey = async (id: number) => void prekeys.delete(id);
  }
  class SignedPrekeys extends library.SignedPreKeyStore {
    getSignedPreKey = async (id: number) => found(signedPrekeys.get(id));
  }
  class KyberPrekeys extends library.KyberPreKeyStore {}
  return {
    prekeys,
    signedPrekeys,
    stores: [new Sessions(), new Identities(), new Prekeys(), new SignedPrekeys(), new KyberPrekeys()] as const,
  };
}

export function signalPeer(library: Libsignal, address: DeviceAddress): Peer {
  const identity = library.PrivateKey.generate();
  const { prekeys, signedPrekeys, stores } = makeStores(library, identity);
  const [sessions, identities] = stores;
  const name = library.ProtocolAddress.new('ours', 1);
  const signed = library.PrivateKey.generate();
  const signature = identity.sign(signed.getPublicKey().serialize());
  signedPrekeys.set(
    SIGNED_PREKEY_ID,
    library.SignedPreKeyRecord.new(SIGNED_PREKEY_ID, 0, signed.getPublicKey(), signed, Buffer.from(signature)),
  );
  for (let id = 1; id <= ONE_TIME_PREKEYS; id++) {
    const key = library.PrivateKey.generate();
    prekeys.set(id, library.PreKeyRecord.new(id, key.getPublicKey(), key));
  }

  async function start({ registrationId, identityKey, signedPrekey, oneTimePrekey }: PrekeyBundle): Promise<void> {
    const key = (bytes: Uint8Array): PublicKey => library.PublicKey.deserialize(typed(bytes));
    const bundle = library.PreKeyBundle.new(
      registrationId,
      1,
      oneTimePrekey?.id ?? null,
      oneTimePrekey ? key(oneTimePrekey.publicKey) : null,
      signedPrekey.id,
      key(signedPrekey.publicKey),
      Buffer.from(signedPrekey.signature),
      key(identityKey),
    );
    await library.processPreKeyBundle(bundle, name, sessions, identities);
  }

  async function open(message: Bytes): Promise<Uint8Array> {
    const body = Buffer.from(message.subarray(1));
    if (message[0] === LATER) return library.signalDecrypt(library.SignalMessage.deserialize(body), name, sessions, identities);
    return library.signalDecryptPreKey(library.PreKeySignalMessage.deserialize(body), name, ...stores);
  }

  return {
    bundle(oneTimeId) {
      const oneTime = prekeys.get(oneTimeId);
      return {
        ...address,
        registrationId: REGISTRATION_ID,
        identityKey: bare(identity.getPublicKey()),
        signedPrekey: { id: SIGNED_PREKEY_ID, publicKey: bare(signed.getPublicKey()), signature: new Uint8Array(signature) },
        ...(oneTime ? { oneTimePrekey: { id: oneTimeId, publicKey: bare(oneTime.publicKey()) } } : {}),
      };
    },
    start,
    async send(text) {
      const message = await library.signalEncrypt(Buffer.from(utf8(text)), name, sessions, identities);
      const kind = message.type() === library.CiphertextMessageType.PreKey ? FIRST : LATER;
      return concat(Uint8Array.of(kind), message.serialize());
    },
    receive: (message) => judged(library, () => open(message)),
  };
}
