/**
 * HKDF-SHA256. RFC 5869 §2.
 *
 *   PRK = HMAC(salt, secret) · T(i) = HMAC(PRK, T(i−1) ‖ info ‖ i) · OKM = first `length` bytes of T(1) ‖ T(2) ‖ …
 *
 * Output 1 to 8,160 bytes. An empty salt is 32 zero bytes (§2.2). Does not stretch a weak secret.
 */
import { type Bytes, wipe } from '../bytes.ts';
import { require } from '../errors.ts';
import { primitives } from './installed.ts';

const HASH_BYTES = 32;
const MAX_BLOCKS = 255;

export function hkdf(secret: Uint8Array, salt: Uint8Array, info: Uint8Array, length: number): Bytes {
  require(Number.isInteger(length) && length > 0 && length <= MAX_BLOCKS * HASH_BYTES, 'too-large');
  const prk = primitives.hmacSha256(salt.length === 0 ? new Uint8Array(HASH_BYTES) : salt, secret); // §2.2
  const out = new Uint8Array(length);
  // T(i−1) ‖ info ‖ i; before T(1) stands nothing.
  const input = new Uint8Array(HASH_BYTES + info.length + 1);
  input.set(info, HASH_BYTES);
  for (let i = 1, at = 0; at < length; i++, at += HASH_BYTES) {
    input[input.length - 1] = i;
    const block = primitives.hmacSha256(prk, i === 1 ? input.subarray(HASH_BYTES) : input); // §2.3
    out.set(block.subarray(0, Math.min(HASH_BYTES, length - at)), at);
    input.set(block);
    wipe(block);
  }
  wipe(prk, input);
  return out;
}
