/**
 * As much of `@signalapp/libsignal-client` as is used here, written by hand and common to the versions compared, so that types are checked
 * without that package. It is installed in this folder by `npm run test:interop` alone.
 */
import { createRequire } from 'node:module';

export const VERSIONS = ['0.72.1', '0.83.0', '0.92.2', '0.103.0'] as const;
export type Version = (typeof VERSIONS)[number];

/** From 0.75 on Signal's library refuses X3DH without its post-quantum half. */
export const LAST_WITH_X3DH: Version = '0.72.1';

type Handle<Name extends string> = { readonly handle: Name };
type Serializable = { serialize(): Uint8Array };

export type PublicKey = Handle<'PublicKey'> & Serializable;
export type PrivateKey = Handle<'PrivateKey'> & Serializable & { getPublicKey(): PublicKey; sign(message: Uint8Array): Uint8Array };
export type Address = Handle<'Address'>;
export type SessionRecord = Handle<'SessionRecord'>;
export type PreKeyRecord = Handle<'PreKeyRecord'> & { publicKey(): PublicKey };
export type SignedPreKeyRecord = Handle<'SignedPreKeyRecord'> & { publicKey(): PublicKey; signature(): Uint8Array };
export type SenderKeyRecord = Handle<'SenderKeyRecord'>;
type Message = Serializable & { type(): number };
type Distribution = Serializable & { chainId(): number; iteration(): number; distributionId(): string; chainKey(): Uint8Array };
type Scannable = { compare(other: Scannable): boolean; toBuffer(): Uint8Array };
type Fingerprint = { displayableFingerprint(): { toString(): string }; scannableFingerprint(): Scannable };

type PreKeyBundle = Handle<'PreKeyBundle'>;
type PreKeySignalMessage = Handle<'PreKeySignalMessage'>;
type SignalMessage = Handle<'SignalMessage'>;
// Its stores are abstract classes whose methods the native side calls; a subclass adds what it keeps.
type Abstract = abstract new () => object;

export type Libsignal = {
  CiphertextMessageType: { Whisper: number; PreKey: number };
  ErrorCode: { DuplicatedMessage: number };
  PublicKey: { deserialize(bytes: Uint8Array): PublicKey };
  PrivateKey: { generate(): PrivateKey; deserialize(bytes: Uint8Array): PrivateKey };
  ProtocolAddress: { new: (name: string, deviceId: number) => Address };
  SessionStore: Abstract;
  IdentityKeyStore: Abstract;
  PreKeyStore: Abstract;
  SignedPreKeyStore: Abstract;
  KyberPreKeyStore: Abstract;
  SenderKeyStore: Abstract;
  PreKeyRecord: { new: (id: number, publicKey: PublicKey, privateKey: PrivateKey) => PreKeyRecord };
  SignedPreKeyRecord: {
    new: (id: number, at: number, publicKey: PublicKey, privateKey: PrivateKey, signature: Uint8Array) => SignedPreKeyRecord;
  };
  PreKeyBundle: {
    new: (
      registrationId: number,
      deviceId: number,
      oneTimePrekeyId: number | null,
      oneTimePrekey: PublicKey | null,
      signedPrekeyId: number,
      signedPrekey: PublicKey,
      signature: Uint8Array,
      identityKey: PublicKey,
    ) => PreKeyBundle;
  };
  PreKeySignalMessage: { deserialize(bytes: Uint8Array): PreKeySignalMessage };
  SignalMessage: { deserialize(bytes: Uint8Array): SignalMessage };
  // The pairwise calls in the shape of 0.72.1; later versions want one more address, and are not asked.
  processPreKeyBundle(bundle: PreKeyBundle, peer: Address, sessions: object, identities: object): Promise<void>;
  signalEncrypt(text: Uint8Array, peer: Address, sessions: object, identities: object): Promise<Message>;
  signalDecrypt(message: SignalMessage, peer: Address, sessions: object, identities: object): Promise<Uint8Array>;
  signalDecryptPreKey(
    message: PreKeySignalMessage,
    peer: Address,
    sessions: object,
    identities: object,
    prekeys: object,
    signedPrekeys: object,
    kyberPrekeys: object,
  ): Promise<Uint8Array>;
  SenderKeyDistributionMessage: {
    create(sender: Address, distributionId: string, store: object): Promise<Distribution>;
    deserialize(bytes: Uint8Array): Distribution;
  };
  processSenderKeyDistributionMessage(sender: Address, message: Distribution, store: object): Promise<void>;
  groupEncrypt(sender: Address, distributionId: string, store: object, text: Uint8Array): Promise<Serializable>;
  groupDecrypt(sender: Address, store: object, message: Uint8Array): Promise<Uint8Array>;
  Fingerprint: {
    new: (
      iterations: number,
      version: number,
      ourId: Uint8Array,
      ourKey: PublicKey,
      theirId: Uint8Array,
      theirKey: PublicKey,
    ) => Fingerprint;
  };
  ScannableFingerprint: { _fromBuffer(bytes: Uint8Array): Scannable };
};

const load = createRequire(import.meta.url);

export const loadLibsignal = (version: Version): Libsignal => load(`libsignal-${version}`) as Libsignal;
