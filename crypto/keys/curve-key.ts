/**
 * X25519 keys (RFC 7748): identity key, signed prekey, one-time prekey. 32 bytes each, little-endian u-coordinate.
 * A public key from outside is refused when it is not canonical (u >= p, or bit 255 set) or of low order: with such a key the shared
 * secret is known to everyone (RFC 7748 §6.1; ATTACKS 6). The primitives refuse it again when it is used.
 *
 * Not promised: that a key which passes has a private half, or that someone holds it.
 */
import { type Bytes, equalBytes, type RandomBytes } from '../bytes.ts';
import { require } from '../errors.ts';
import { primitives } from '../primitives/installed.ts';

export type KeyPair = { publicKey: Bytes; privateKey: Bytes };

export const CURVE_KEY_BYTES = 32;

function littleEndian(hex: string): Bytes {
  return Uint8Array.from(hex.match(/../g) ?? [], (pair) => Number.parseInt(pair, 16));
}

// The canonical u-coordinates of order 1, 2, 4 and 8 on the curve and its twist.
const LOW_ORDER: readonly Bytes[] = [
  littleEndian('00'.repeat(32)),
  littleEndian(`01${'00'.repeat(31)}`),
  littleEndian('e0eb7a7c3b41b8ae1656e3faf19fc46ada098deb9c32b1fd866205165f49b800'),
  littleEndian('5f9c95bca3508c24b1d0b1559c83ef5b04445cc4581c8e86d8224eddd09f1157'),
  littleEndian(`ec${'ff'.repeat(30)}7f`),
];

function isCanonical(publicKey: Uint8Array): boolean {
  // p = 2^255 - 19 is ed ff … ff 7f in little-endian.
  const top = publicKey[31] as number;
  if (top !== 0x7f) return top < 0x7f;
  return (publicKey[0] as number) < 0xed || publicKey.subarray(1, 31).some((byte) => byte !== 0xff);
}

/** Throws `bad-key`. */
export function requireCurveKey<K extends Uint8Array>(publicKey: K): K {
  require(publicKey.length === CURVE_KEY_BYTES && isCanonical(publicKey), 'bad-key');
  require(!LOW_ORDER.some((point) => equalBytes(point, publicKey)), 'bad-key');
  return publicKey;
}

export async function generateKeyPair(random: RandomBytes): Promise<KeyPair> {
  const privateKey = random(CURVE_KEY_BYTES);
  // RFC 7748 §5, done here as well: libsignal signs wrongly with a key that is not clamped (L10).
  privateKey[0] = (privateKey[0] as number) & 248;
  privateKey[31] = ((privateKey[31] as number) & 127) | 64;
  return { privateKey, publicKey: await primitives.x25519PublicKey(privateKey) };
}
