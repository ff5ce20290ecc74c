import { createHash, createPublicKey, generateKeyPairSync, verify } from 'node:crypto';
import type { Bytes } from '../protocol/bytes.ts';
import { fromBase64url, toBase64url } from '../protocol/bytes.ts';

/** False for every kind of wrong: key, length or signature. Native, as verifying in JavaScript allows some fifty a second. */
export function verifyEd25519(publicKey: Uint8Array, message: Uint8Array, signature: Uint8Array): boolean {
  try {
    const key = createPublicKey({ key: { kty: 'OKP', crv: 'Ed25519', x: toBase64url(publicKey) }, format: 'jwk' });
    return verify(null, message, key, signature);
  } catch {
    return false;
  }
}

/** Checked in place of a key that does not exist, so that the answer takes as long: a real key, as a point that is none is refused in no time. */
export const NOBODY: Bytes = fromBase64url(generateKeyPairSync('ed25519').publicKey.export({ format: 'jwk' }).x ?? '');

export function sha256(...parts: readonly Uint8Array[]): Bytes {
  const hash = createHash('sha256');
  for (const part of parts) hash.update(part);
  return new Uint8Array(hash.digest());
}
