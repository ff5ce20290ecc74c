import { createHash, createPublicKey, verify } from 'node:crypto';
import type { Bytes } from '../protocol/bytes.ts';
import { toBase64url } from '../protocol/bytes.ts';

/** False for every kind of wrong: key, length or signature. Native, as verifying in JavaScript allows some fifty a second. */
export function verifyEd25519(publicKey: Uint8Array, message: Uint8Array, signature: Uint8Array): boolean {
  try {
    const key = createPublicKey({ key: { kty: 'OKP', crv: 'Ed25519', x: toBase64url(publicKey) }, format: 'jwk' });
    return verify(null, message, key, signature);
  } catch {
    return false;
  }
}

export function sha256(...parts: readonly Uint8Array[]): Bytes {
  const hash = createHash('sha256');
  for (const part of parts) hash.update(part);
  return new Uint8Array(hash.digest());
}
