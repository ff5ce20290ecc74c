/**
 * The device's sealing key: X-Wing = X25519 + ML-KEM-768 (https://datatracker.ietf.org/doc/draft-connolly-cfrg-xwing-kem/ §5).
 *   private: a seed, 32 bytes; public: ML-KEM-768 encapsulation key 1184 ‖ X25519 public key 32 = 1216 bytes
 * Checked when parsed: every ML-KEM coefficient is below q (FIPS 203 §7.2, modulus check), the X25519 part is usable.
 */
import type { Bytes } from '../bytes.ts';
import { require } from '../errors.ts';
import { requireCurveKey, requirePrimeOrderKey } from './curve-key.ts';

export const SEALING_PUBLIC_KEY_BYTES = 1_216;
export const SEALING_PRIVATE_KEY_BYTES = 32;

export type SealingKeyPair = { publicKey: Bytes; privateKey: Bytes };

const MLKEM_PUBLIC_KEY_BYTES = 1_184;
const MLKEM_COEFFICIENT_BYTES = 1_152;
const MLKEM_Q = 3_329;

/** Throws `bad-key`. */
export function requireSealingKey<K extends Uint8Array>(publicKey: K): K {
  require(publicKey.length === SEALING_PUBLIC_KEY_BYTES, 'bad-key');
  // FIPS 203 §4.2.1, ByteDecode12: two coefficients in three bytes.
  for (let i = 0; i < MLKEM_COEFFICIENT_BYTES; i += 3) {
    const middle = publicKey[i + 1] as number;
    const first = (publicKey[i] as number) | ((middle & 15) << 8);
    const second = (middle >> 4) | ((publicKey[i + 2] as number) << 4);
    require(first < MLKEM_Q && second < MLKEM_Q, 'bad-key');
  }
  requireCurveKey(publicKey.subarray(MLKEM_PUBLIC_KEY_BYTES));
  return publicKey;
}

/** As `requireSealingKey`, and its X25519 part as in `requirePrimeOrderKey`. */
export function requirePrimeOrderSealingKey<K extends Uint8Array>(publicKey: K): K {
  requirePrimeOrderKey(requireSealingKey(publicKey).subarray(MLKEM_PUBLIC_KEY_BYTES));
  return publicKey;
}
