import type { Bytes, RandomBytes } from '../bytes.ts';

export type MaybePromise<T> = T | Promise<T>;

/**
 * The few operations everything else is made of. Inputs are never changed; outputs are fresh arrays.
 * What an operating system or browser does faster may replace a member (`installPrimitives`), byte for byte the same.
 */
export type Primitives = {
  sha256(bytes: Uint8Array): Bytes;
  sha512(bytes: Uint8Array): Bytes;
  /** RFC 2104, 32 bytes out. */
  hmacSha256(key: Uint8Array, bytes: Uint8Array): Bytes;
  /** X25519 (RFC 7748). The private key is clamped by the operation. Throws `bad-key` for a low-order or non-canonical point or an all-zero result. */
  x25519(privateKey: Uint8Array, publicKey: Uint8Array): MaybePromise<Bytes>;
  x25519PublicKey(privateKey: Uint8Array): MaybePromise<Bytes>;
  /** Ed25519 (RFC 8032) from a 32-byte seed. */
  ed25519PublicKey(seed: Uint8Array): MaybePromise<Bytes>;
  ed25519Sign(seed: Uint8Array, message: Uint8Array): MaybePromise<Bytes>;
  /** Strict: canonical S, canonical and not low-order A and R. Never throws. */
  ed25519Verify(publicKey: Uint8Array, message: Uint8Array, signature: Uint8Array): MaybePromise<boolean>;
  /** XEdDSA sign (Signal, 2016) under a Curve25519 private key; 64 random bytes; the sign bit of A stands in signature[63]. */
  xeddsaSign(privateKey: Uint8Array, message: Uint8Array, random: RandomBytes): MaybePromise<Bytes>;
  /** XEdDSA verify as Signal's library does: the sign bit of A is taken from signature[63]. Never throws. */
  xeddsaVerify(publicKey: Uint8Array, message: Uint8Array, signature: Uint8Array): MaybePromise<boolean>;
  /** AES-256-GCM, 12-byte nonce, 16-byte tag appended. */
  aesGcmEncrypt(key: Uint8Array, nonce: Uint8Array, plaintext: Uint8Array, aad: Uint8Array): MaybePromise<Bytes>;
  /** Throws `bad-mac`. */
  aesGcmDecrypt(key: Uint8Array, nonce: Uint8Array, ciphertext: Uint8Array, aad: Uint8Array): MaybePromise<Bytes>;
  /** AES-256-CBC with PKCS#7. */
  aesCbcEncrypt(key: Uint8Array, iv: Uint8Array, plaintext: Uint8Array): MaybePromise<Bytes>;
  /** Throws `bad-mac`: only ever called on authenticated bytes, so a padding error tells an attacker nothing he did not write. */
  aesCbcDecrypt(key: Uint8Array, iv: Uint8Array, ciphertext: Uint8Array): MaybePromise<Bytes>;
};
