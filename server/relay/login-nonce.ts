import { createHmac, timingSafeEqual } from 'node:crypto';
import type { Clock, RandomBytes } from '../ports.ts';
import { type Bytes, concat, uint64 } from '../protocol/bytes.ts';
import { LOGIN_NONCE_LIFETIME_MS } from '../protocol/limits.ts';
import { singleUse } from './single-use.ts';

const TIME_BYTES = 8;
const RANDOM_BYTES = 8;
const MAC_BYTES = 16;

/**
 * nonce = time ‖ random ‖ HMAC(key in memory, time ‖ random ‖ account ‖ device)[0..16]: 32 bytes that need no memory until they are
 * used, so that a flood of challenges costs nothing, and that look alike whether the account exists or not.
 */
export function loginNonces(clock: Clock, random: RandomBytes) {
  const key = random(32);
  const used = singleUse(clock, LOGIN_NONCE_LIFETIME_MS, 'refuse');

  function macOf(front: Uint8Array, accountId: string, deviceId: number): Bytes {
    const mac = createHmac('sha256', key).update(front).update(`${accountId}.${deviceId}`);
    return new Uint8Array(mac.digest().subarray(0, MAC_BYTES));
  }

  return {
    issue(accountId: string, deviceId: number): Bytes {
      const front = concat(uint64(Math.floor(clock.monotonic())), random(RANDOM_BYTES));
      return concat(front, macOf(front, accountId, deviceId));
    },
    isOurs(nonce: Uint8Array, accountId: string, deviceId: number): boolean {
      const front = nonce.subarray(0, TIME_BYTES + RANDOM_BYTES);
      if (nonce.length !== front.length + MAC_BYTES) return false;
      if (!timingSafeEqual(nonce.subarray(front.length), macOf(front, accountId, deviceId))) return false;
      const issuedAt = Number(new DataView(front.buffer, front.byteOffset).getBigUint64(0));
      return clock.monotonic() - issuedAt < LOGIN_NONCE_LIFETIME_MS;
    },
    /** After the signature was verified: only the device itself can use its nonces up. */
    use: (nonce: Uint8Array): boolean => used.use(nonce),
  };
}
