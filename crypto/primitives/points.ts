/**
 * Which 32 bytes are a usable point. Every public key from outside passes here first, whoever computes afterwards.
 *
 * RFC 7748 §5 and §6.1, RFC 8032 §5.1.3, RFC 8032 §5.1.7 (S < L); small orders: "Taming the many EdDSAs" (ePrint 2020/1244).
 * Montgomery u: canonical means u < p = 2^255 − 19 with bit 255 clear. Edwards: the same for y, beneath the sign bit.
 *
 * Does not promise the absence of a torsion component (prime-order.ts does, for a price): X25519 multiplies every point by a multiple of
 * 8 and so ignores it, and Ed25519 is verified without the cofactor, where one key has one answer.
 */
import { toHex } from '../bytes.ts';

const FIELD_PRIME = 2n ** 255n - 19n;
const GROUP_ORDER = 2n ** 252n + 27742317777372353535851937790883648493n;

// u of every point, of the curve or its twist, whose order divides 8; little-endian.
const LOW_ORDER_U = new Set([
  '0000000000000000000000000000000000000000000000000000000000000000',
  '0100000000000000000000000000000000000000000000000000000000000000',
  'e0eb7a7c3b41b8ae1656e3faf19fc46ada098deb9c32b1fd866205165f49b800',
  '5f9c95bca3508c24b1d0b1559c83ef5b04445cc4581c8e86d8224eddd09f1157',
  'ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f',
]);

// y of the eight points whose order divides 8; little-endian, sign bit cleared.
const LOW_ORDER_Y = new Set([
  '0000000000000000000000000000000000000000000000000000000000000000',
  '0100000000000000000000000000000000000000000000000000000000000000',
  '26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc05',
  'c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac037a',
  'ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f',
]);

export function littleEndian(bytes: Uint8Array): bigint {
  return BigInt(`0x${toHex(bytes.toReversed())}`);
}

// p is 0x7fff…ffed: only 0x7f, thirty 0xff and a first byte from 0xed reach it.
function belowPrime(bytes: Uint8Array): boolean {
  const top = bytes[31] as number;
  if (top !== 0x7f) return top < 0x7f;
  return (bytes[0] as number) < 0xed || littleEndian(bytes) < FIELD_PRIME;
}

/** A Montgomery u-coordinate fit for Diffie–Hellman. */
export function isUsableX25519(publicKey: Uint8Array): boolean {
  return publicKey.length === 32 && belowPrime(publicKey) && !LOW_ORDER_U.has(toHex(publicKey));
}

/** An encoded Edwards point that may stand as A or R of a signature. Whether it lies on the curve is for the verifier to find. */
export function isUsableEdwards(point: Uint8Array): boolean {
  if (point.length !== 32) return false;
  const y = point.slice();
  y[31] = (y[31] as number) & 0x7f;
  return belowPrime(y) && !LOW_ORDER_Y.has(toHex(y));
}

/** S < L, so that a signature has one encoding. */
export function isCanonicalScalar(scalar: Uint8Array): boolean {
  if (scalar.length !== 32) return false;
  const top = scalar[31] as number;
  return top < 0x10 || (top === 0x10 && littleEndian(scalar) < GROUP_ORDER);
}
