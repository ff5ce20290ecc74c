/**
 * The one place where `@privacyresearch/libsignal-protocol-typescript` 0.0.16 is imported and given its primitives.
 *
 * Of the library we use the handshake: the ratchet is ours (ratchet.ts, decision 15), for speed and for L2 to L4 and L12. It asks for X25519
 * and HMAC-SHA256 through two module-wide objects; both lead to `crypto/primitives`. It would also
 * draw its own randomness: it gets zeros instead, and a key pair of zeros cannot be used (`sharedSecret` refuses it), because every
 * ephemeral key is made by this room from the caller's `random` and put in its place. A forgotten replacement fails, it does not leak.
 */
import { SessionBuilder, setCurve, setWebCrypto } from '@privacyresearch/libsignal-protocol-typescript';
import type { Bytes, RandomBytes } from '../bytes.ts';
import { CryptoError, require } from '../errors.ts';
import { generateKeyPair } from '../keys/curve-key.ts';
import { primitives } from '../primitives/installed.ts';

export type {
  KeyPairType as LibraryKeyPair,
  SessionType as LibrarySession,
  StorageType as LibraryStorage,
} from '@privacyresearch/libsignal-protocol-typescript';
export { SessionBuilder };

/** Numbers of the library's `BaseKeyType`, an enum that only exists at run time. */
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

/** The 32 bytes after 0x05. */
export function decodeKey(encoded: ArrayBuffer): Bytes {
  require(encoded.byteLength === ENCODED_KEY_BYTES && new Uint8Array(encoded)[0] === KEY_TYPE, 'malformed');
  return new Uint8Array(encoded.slice(1));
}

/** A fresh ephemeral pair in the library's shape. */
export async function ephemeralPair(random: RandomBytes): Promise<{ pubKey: ArrayBuffer; privKey: ArrayBuffer }> {
  const { privateKey, publicKey } = await generateKeyPair(random);
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

const refuse = (): Promise<never> => Promise.reject(new CryptoError('not-allowed'));

// The handshake asks for HMAC-SHA-256, always with raw keys: `importKey` hands the key through. Nothing is encrypted by the library.
const webCrypto = {
  getRandomValues: <T>(array: T): T => array,
  subtle: {
    importKey: async (_format: 'raw', key: RawKey) => key,
    sign: async (_algorithm: unknown, key: RawKey, data: ArrayBuffer) =>
      primitives.hmacSha256(new Uint8Array(key), new Uint8Array(data)).buffer,
    encrypt: refuse,
    decrypt: refuse,
  },
};

// The library's declaration asks for the whole of `Crypto`; it uses these five functions.
setWebCrypto(webCrypto as unknown as Parameters<typeof setWebCrypto>[0]);
