/**
 * The default primitives: noble's audited, dependency-free TypeScript, the same in every browser, worker and Node.
 *
 * X25519 RFC 7748 §5 · Ed25519 RFC 8032 §5.1 · SHA-2 FIPS 180-4 · HMAC RFC 2104 · AES-GCM SP 800-38D · AES-CBC SP 800-38A, PKCS#7.
 *
 * Does not promise constant time: JavaScript engines and BigInt give none.
 */
import { cbc, gcm } from '@noble/ciphers/aes.js';
import { ed25519, x25519 } from '@noble/curves/ed25519.js';
import { hmac } from '@noble/hashes/hmac.js';
import { sha256, sha512 } from '@noble/hashes/sha2.js';
import { type Bytes, concat, equalBytes } from '../bytes.ts';
import { littleEndian } from './points.ts';
import type { Primitives } from './primitives.ts';
import { xeddsaSign, xeddsaVerify } from './xeddsa.ts';

const { BASE, Fn } = ed25519.Point;

function own(bytes: Uint8Array): Bytes {
  return bytes.buffer instanceof ArrayBuffer && bytes.byteLength === bytes.buffer.byteLength ? (bytes as Bytes) : new Uint8Array(bytes);
}

// Without the cofactor, R = SB − kA compared as bytes: what OpenSSL, BoringSSL and tweetnacl do. noble's own verify multiplies by the
// cofactor, and then one crafted signature would be valid in one client and not in another, which would fork a group log.
function ed25519Verify(publicKey: Uint8Array, message: Uint8Array, signature: Uint8Array): boolean {
  try {
    const a = ed25519.Point.fromBytes(publicKey, false);
    const r = signature.subarray(0, 32);
    const s = littleEndian(signature.subarray(32, 64));
    const k = Fn.create(littleEndian(sha512(concat(r, publicKey, message))));
    return equalBytes(BASE.multiplyUnsafe(s).subtract(a.multiplyUnsafe(k)).toBytes(), r);
  } catch {
    return false;
  }
}

export const noblePrimitives: Primitives = {
  sha256: (bytes) => own(sha256(bytes)),
  sha512: (bytes) => own(sha512(bytes)),
  hmacSha256: (key, bytes) => own(hmac(sha256, key, bytes)),
  x25519: (privateKey, publicKey) => own(x25519.getSharedSecret(privateKey, publicKey)),
  x25519PublicKey: (privateKey) => own(x25519.getPublicKey(privateKey)),
  ed25519PublicKey: (seed) => own(ed25519.getPublicKey(seed)),
  ed25519Sign: (seed, message) => own(ed25519.sign(message, seed)),
  ed25519Verify,
  xeddsaSign,
  xeddsaVerify: (publicKey, message, signature) => xeddsaVerify(ed25519Verify, publicKey, message, signature),
  aesGcmEncrypt: (key, nonce, plaintext, aad) => own(gcm(key, nonce, aad).encrypt(plaintext)),
  aesGcmDecrypt: (key, nonce, ciphertext, aad) => own(gcm(key, nonce, aad).decrypt(ciphertext)),
  aesCbcEncrypt: (key, iv, plaintext) => own(cbc(key, iv).encrypt(plaintext)),
  aesCbcDecrypt: (key, iv, ciphertext) => own(cbc(key, iv).decrypt(ciphertext)),
};
