/** The same values computed a second time, on noble directly and by other code than crypto/: what both do not agree on is an error. */
import { cbc, gcm } from '@noble/ciphers/aes.js';
import { expand, extract, hkdf } from '@noble/hashes/hkdf.js';
import { hmac } from '@noble/hashes/hmac.js';
import { sha256, sha512 } from '@noble/hashes/sha2.js';
import { concat, utf8 } from '../../crypto/index.ts';
import { toHex } from './hex.ts';

export const hkdfSha256 = (secret: Uint8Array, salt: Uint8Array | undefined, info: Uint8Array, length: number): Uint8Array =>
  hkdf(sha256, secret, salt, info, length);

export const aesGcmSeal = (key: Uint8Array, nonce: Uint8Array, aad: Uint8Array, plaintext: Uint8Array): Uint8Array =>
  gcm(key, nonce, aad).encrypt(plaintext);

/** Hex of a value that was computed twice. */
export function agreed(what: string, ours: Uint8Array, independent: Uint8Array): string {
  const [one, other] = [toHex(ours), toHex(independent)];
  if (one !== other) throw new Error(`${what}: the implementation gives ${one}, an independent computation ${other}`);
  return one;
}

/** SHA-256(label ‖ 0x00 ‖ bytes), the form of every hash of ours. */
export const hashOf = (label: string, bytes: Uint8Array): Uint8Array => sha256(concat(utf8(label), Uint8Array.of(0), bytes));

export const sha512Of = (bytes: Uint8Array): Uint8Array => sha512(bytes);

export const hmacSha256 = (key: Uint8Array, bytes: Uint8Array): Uint8Array => hmac(sha256, key, bytes);

export const sha256Of = (bytes: Uint8Array): Uint8Array => sha256(bytes);

export const aesCbcEncrypt = (key: Uint8Array, iv: Uint8Array, plaintext: Uint8Array): Uint8Array => cbc(key, iv).encrypt(plaintext);

export const utf8Of = (text: string): Uint8Array => new TextEncoder().encode(text);

export const joined = (...parts: readonly Uint8Array[]): Uint8Array<ArrayBuffer> => Uint8Array.from(parts.flatMap((part) => [...part]));

export const u32 = (value: number): Uint8Array => Uint8Array.of(value >>> 24, (value >>> 16) & 255, (value >>> 8) & 255, value & 255);

/** RFC 5869 §2.2 and §2.3 apart. */
export const hkdfExtract = (salt: Uint8Array, secret: Uint8Array): Uint8Array => extract(sha256, secret, salt);
export const hkdfExpand = (key: Uint8Array, info: Uint8Array, length: number): Uint8Array => expand(sha256, key, info, length);
