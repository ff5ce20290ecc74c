/**
 * XEdDSA: Ed25519-shaped signatures under a Curve25519 key pair. https://signal.org/docs/specifications/xeddsa/ §2, §4.
 * As Signal's library writes them: the sign bit of A travels in bit 7 of signature[63] and k is used as it is, where the
 * specification (§2.3) negates k so that the bit is always 0.
 *
 *   A = kB · r = SHA512(FE FF³¹ ‖ k ‖ M ‖ Z) · R = rB · h = SHA512(R ‖ A ‖ M) · s = r + hk · signature = R ‖ s | sign(A)
 *
 * Sizes: keys 32, Z 64, signature 64. Does not promise constant time: the curve is computed with BigInt.
 */
import { ed25519 } from '@noble/curves/ed25519.js';
import { sha512 } from '@noble/hashes/sha2.js';
import { type Bytes, concat, type RandomBytes, toHex, wipe } from '../bytes.ts';
import { require } from '../errors.ts';
import { isUsableX25519, littleEndian } from './points.ts';
import type { MaybePromise } from './primitives.ts';

const { Fp, Fn, BASE } = ed25519.Point;

// hash1 of §4.3: 2^256 − 2 in little-endian, which no encoded point and no scalar begins with.
const HASH1_PREFIX = new Uint8Array(32).fill(0xff);
HASH1_PREFIX[0] = 0xfe;

function clamp(privateKey: Uint8Array): Bytes {
  const k = new Uint8Array(privateKey);
  k[0] = (k[0] as number) & 248;
  k[31] = ((k[31] as number) & 127) | 64;
  return k;
}

// The division costs a fifth of the verification, and the same keys sign again and again: the last are remembered. They are public.
const MAX_EDWARDS_KEYS = 256;
const edwardsKeys = new Map<string, Bytes>();

/** y = (u − 1)/(u + 1), RFC 7748 §4.1, with the sign bit given. The u must be usable: u = −1 is of low order. */
export function edwardsFromMontgomery(u: Uint8Array, signBit: number): Bytes {
  const name = toHex(u);
  let key = edwardsKeys.get(name);
  if (!key) {
    const value = littleEndian(u);
    key = new Uint8Array(Fp.toBytes(Fp.div(Fp.sub(value, 1n), Fp.add(value, 1n))));
    const oldest = edwardsKeys.keys().next();
    if (edwardsKeys.size >= MAX_EDWARDS_KEYS && !oldest.done) edwardsKeys.delete(oldest.value);
    edwardsKeys.set(name, key);
  }
  const y = key.slice();
  y[31] = (y[31] as number) | signBit;
  return y;
}

export function xeddsaSign(privateKey: Uint8Array, message: Uint8Array, random: RandomBytes): Bytes {
  require(privateKey.length === 32, 'bad-key');
  const k = clamp(privateKey);
  const scalar = Fn.create(littleEndian(k));
  const a = BASE.multiply(scalar).toBytes();
  const z = random(64);
  require(z.length === 64, 'malformed');
  const r = Fn.create(littleEndian(sha512(concat(HASH1_PREFIX, k, message, z)))); // §4.3
  const bigR = BASE.multiply(r).toBytes();
  const h = Fn.create(littleEndian(sha512(concat(bigR, a, message))));
  const s = new Uint8Array(Fn.toBytes(Fn.create(r + h * scalar)));
  s[31] = (s[31] as number) | ((a[31] as number) & 0x80);
  wipe(k, z);
  return concat(bigR, s);
}

/** §4.4 through an Ed25519 verifier. A result for bytes of any length; never throws if the verifier does not. */
export function xeddsaVerify(
  verify: (publicKey: Uint8Array, message: Uint8Array, signature: Uint8Array) => MaybePromise<boolean>,
  publicKey: Uint8Array,
  message: Uint8Array,
  signature: Uint8Array,
): MaybePromise<boolean> {
  if (signature.length !== 64 || !isUsableX25519(publicKey)) return false;
  const last = signature[63] as number;
  const plain = new Uint8Array(signature);
  plain[63] = last & 0x7f;
  return verify(edwardsFromMontgomery(publicKey, last & 0x80), message, plain);
}
