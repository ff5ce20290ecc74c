/**
 * X25519 keys (RFC 7748): identity key, signed prekey, one-time prekey. 32 bytes each, little-endian u-coordinate.
 * A public key from outside is refused when it is not canonical (u >= p, or bit 255 set) or of low order: with such a key the shared
 * secret is known to everyone (RFC 7748 §6.1; ATTACKS 6). The primitives refuse it again when it is used. Keys of device records and
 * one-time prekeys must also lie in the subgroup of prime order, so that one key has one encoding.
 *
 * Not promised: that a key which passes has a private half, or that someone holds it.
 */
import type { Bytes, RandomBytes } from '../bytes.ts';
import { require } from '../errors.ts';
import { primitives } from '../primitives/installed.ts';
import { isUsableX25519 } from '../primitives/points.ts';
import { hasPrimeOrder } from '../primitives/prime-order.ts';

export type KeyPair = { publicKey: Bytes; privateKey: Bytes };

export const CURVE_KEY_BYTES = 32;

/** Throws `bad-key`. */
export function requireCurveKey<K extends Uint8Array>(publicKey: K): K {
  require(isUsableX25519(publicKey), 'bad-key');
  return publicKey;
}

/** For keys that are read once a record: with a torsion component, or on the twist, they are refused too. Throws `bad-key`. */
export function requirePrimeOrderKey<K extends Uint8Array>(publicKey: K): K {
  require(hasPrimeOrder(requireCurveKey(publicKey)), 'bad-key');
  return publicKey;
}

export async function generateKeyPair(random: RandomBytes): Promise<KeyPair> {
  const privateKey = random(CURVE_KEY_BYTES);
  require(privateKey.length === CURVE_KEY_BYTES && privateKey.some((byte) => byte !== 0), 'bad-key');
  // RFC 7748 §5, done here as well: libsignal signs wrongly with a key that is not clamped (L10).
  privateKey[0] = (privateKey[0] as number) & 248;
  privateKey[31] = ((privateKey[31] as number) & 127) | 64;
  return { privateKey, publicKey: await primitives.x25519PublicKey(privateKey) };
}
