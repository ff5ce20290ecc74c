/**
 * The hash ratchet of a sender key, as in Signal's library:
 *   seed_i   = HMAC-SHA256(ck_i, 0x01)             ck_{i+1} = HMAC-SHA256(ck_i, 0x02)
 *   iv[16] ‖ key[32] = HKDF-SHA256(seed_i, salt none, "WhisperGroup", 48)
 * Forward only: neither a seed nor a later chain key gives back an earlier one.
 */
import { type Bytes, utf8 } from '../bytes.ts';
import { hkdf } from '../primitives/hkdf.ts';
import { primitives } from '../primitives/installed.ts';

const SEED = Uint8Array.of(1);
const NEXT = Uint8Array.of(2);
const INFO = utf8('WhisperGroup');
// RFC 5869 §2.2: no salt is a salt of HashLen zeros.
const NO_SALT = new Uint8Array(32);

export const CHAIN_KEY_BYTES = 32;

export function messageSeed(chainKey: Uint8Array): Bytes {
  return primitives.hmacSha256(chainKey, SEED);
}

export function nextChainKey(chainKey: Uint8Array): Bytes {
  return primitives.hmacSha256(chainKey, NEXT);
}

export function messageKey(seed: Uint8Array): { iv: Bytes; key: Bytes } {
  const okm = hkdf(seed, NO_SALT, INFO, 48);
  return { iv: okm.slice(0, 16), key: okm.slice(16) };
}
