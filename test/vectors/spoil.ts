/** Ways to spoil an encoding, for cases that must be refused. */
import { fromHex, toHex } from './hex.ts';

export const LOW_ORDER_U = [
  ['zero', '00'.repeat(32)],
  ['one', `01${'00'.repeat(31)}`],
  ['of order 8', 'e0eb7a7c3b41b8ae1656e3faf19fc46ada098deb9c32b1fd866205165f49b800'],
  ['the other of order 8', '5f9c95bca3508c24b1d0b1559c83ef5b04445cc4581c8e86d8224eddd09f1157'],
  ['p − 1', `ec${'ff'.repeat(30)}7f`],
] as const;

export const NOT_CANONICAL_U = [
  ['p', `ed${'ff'.repeat(30)}7f`],
  ['p + 1', `ee${'ff'.repeat(30)}7f`],
  ['2^255 − 1', `${'ff'.repeat(31)}7f`],
  ['with bit 255 set', `09${'00'.repeat(30)}80`],
] as const;

/** Usable points that no private key makes: outside the subgroup of prime order, or on the twist. */
export const NOT_PRIME_ORDER_U = [
  ['with torsion of order 8', 'e6a2900a64481671126c2290aec9dcbd3b059891aa9633c9afbd37362df4a335'],
  ['with torsion of order 4', '3e439fa2f34890bf28011f44801a2c58b8241235043c2e5f2d818d2bfbcf6526'],
  ['with torsion of order 2', 'c5d69f65e9e1c78b39a6e18b5eae1e1a67400dabe99a675cd0e61a2256d83432'],
  ['on the twist', `02${'00'.repeat(31)}`],
] as const;

/** The key that the three above become when their torsion is taken away. */
export const PRIME_ORDER_U = 'aefda1790fbadfed36460dc2b174aa37ded88ab2ecb434f1bafad3f45a0e9739';

/** The bytes from `at` on replaced. */
export function replaced(hex: string, at: number, by: string): string {
  return hex.slice(0, 2 * at) + by + hex.slice(2 * at + by.length);
}

/** The first so many bytes; negative: all but so many. */
export const cut = (hex: string, bytes: number): string => hex.slice(0, 2 * bytes);

/** With one bit turned: by default the lowest of the byte `at`; negative counts from the end. */
export function turned(hex: string, at: number, bit = 0): string {
  const bytes = fromHex(hex);
  const index = at < 0 ? bytes.length + at : at;
  const byte = bytes[index];
  if (byte === undefined) throw new RangeError(`no byte ${at} in ${bytes.length}`);
  bytes[index] = byte ^ (1 << bit);
  return toHex(bytes);
}
