/**
 * The one place where `@privacyresearch/libsignal-protocol-typescript` 0.0.16 is imported and given its primitives.
 *
 * The library asks for X25519, HMAC-SHA256 and AES-CBC through two module-wide objects; both lead to `crypto/primitives`. It would also
 * draw its own randomness: it gets zeros instead, and a key pair of zeros cannot be used (`sharedSecret` refuses it), because every
 * ephemeral key is made by this room from the caller's `random` and put in its place. A forgotten replacement fails, it does not leak.
 */
import { SessionBuilder, SessionCipher, setCurve, setWebCrypto } from '@privacyresearch/libsignal-protocol-typescript';
import { SessionRecord } from '@privacyresearch/libsignal-protocol-typescript/lib/session-record.js';
import type { Bytes, RandomBytes } from '../bytes.ts';
import { CryptoError, require } from '../errors.ts';
import { primitives } from '../primitives/installed.ts';

export type {
  KeyPairType as LibraryKeyPair,
  PendingPreKey,
  SessionType as LibrarySession,
  StorageType as LibraryStorage,
} from '@privacyresearch/libsignal-protocol-typescript';
export { SessionBuilder, SessionCipher, SessionRecord };

/** Numbers of the library's `ChainType` and `BaseKeyType`; its own are `const`-less enums that only exist at run time. */
export const CHAIN = { sending: 1, receiving: 2 } as const;
export const BASE_KEY = { ours: 1, theirs: 2 } as const;

/** 0x05 before a Curve25519 public key: https://signal.org/docs/specifications/x3dh/ §2.1, Encode(PK). */
export const KEY_TYPE = 0x05;
export const ENCODED_KEY_BYTES = 33;

export function toBuffer(bytes: Uint8Array): ArrayBuffer {
  return new Uint8Array(bytes).buffer;
}

export function encodeKey(publicKey: Uint8Array): Bytes {
  const out = new Uint8Array(ENCODED_KEY_BYTES);
  out[0] = KEY_TYPE;
  out.set(publicKey, 1);
  return out;
}

/** A fresh ephemeral pair in the library's shape. */
export async function ephemeralPair(random: RandomBytes): Promise<{ pubKey: ArrayBuffer; privKey: ArrayBuffer }> {
  const privateKey = random(32);
  require(privateKey.length === 32 && privateKey.some((byte) => byte !== 0), 'bad-key');
  // RFC 7748 §5: stored clamped, as Signal's libraries store it.
  privateKey[0] = (privateKey[0] as number) & 248;
  privateKey[31] = ((privateKey[31] as number) & 127) | 64;
  const publicKey = await primitives.x25519PublicKey(privateKey);
  return { pubKey: encodeKey(publicKey).buffer, privKey: privateKey.buffer };
}

setCurve({
  // Only ever asked for the pair that is thrown away.
  keyPair: async () => ({ pubKey: new ArrayBuffer(32), privKey: new ArrayBuffer(32) }),
  async sharedSecret(publicKey, privateKey) {
    const secret = new Uint8Array(privateKey);
    require(secret.some((byte) => byte !== 0), 'bad-key');
    return toBuffer(await primitives.x25519(secret, new Uint8Array(publicKey)));
  },
  // Identity signatures are made in keys/, with randomness (L10).
  sign: () => Promise.reject(new CryptoError('not-allowed')),
  // The library's convention is inverted: false means valid (L10).
  verify: async (publicKey, message, signature) =>
    !(await primitives.xeddsaVerify(new Uint8Array(publicKey), new Uint8Array(message), new Uint8Array(signature))),
});

type RawKey = ArrayBuffer;
type Cbc = { iv: Uint8Array };

// The library asks for HMAC-SHA-256 and AES-CBC, always with raw keys: `importKey` hands the key through.
const webCrypto = {
  getRandomValues: <T>(array: T): T => array,
  subtle: {
    importKey: async (_format: 'raw', key: RawKey) => key,
    sign: async (_algorithm: unknown, key: RawKey, data: ArrayBuffer) =>
      primitives.hmacSha256(new Uint8Array(key), new Uint8Array(data)).buffer,
    encrypt: async (algorithm: Cbc, key: RawKey, data: ArrayBuffer) =>
      toBuffer(await primitives.aesCbcEncrypt(new Uint8Array(key), algorithm.iv, new Uint8Array(data))),
    decrypt: async (algorithm: Cbc, key: RawKey, data: ArrayBuffer) =>
      toBuffer(await primitives.aesCbcDecrypt(new Uint8Array(key), algorithm.iv, new Uint8Array(data))),
  },
};

// The library's declaration asks for the whole of `Crypto`; it uses these five functions.
setWebCrypto(webCrypto as unknown as Parameters<typeof setWebCrypto>[0]);
