/**
 * Whether an X25519 public key lies in the subgroup of prime order: on the curve (not its twist) and without a torsion component, as every
 * key is that somebody made from a private one. RFC 7748 §4.1 (the map to Edwards form), RFC 8032 §5.1.
 *
 *   A = Edwards(u) exists and [L]A = 0
 *
 * Costs about a millisecond, as much as a Diffie–Hellman by the same code: for keys that are read once a record, never for a message.
 */
import { ed25519 } from '@noble/curves/ed25519.js';
import { edwardsFromMontgomery } from './xeddsa.ts';

/** The key must be usable (points.ts). */
export function hasPrimeOrder(publicKey: Uint8Array): boolean {
  try {
    return ed25519.Point.fromBytes(edwardsFromMontgomery(publicKey, 0), false).isTorsionFree();
  } catch {
    // A u-coordinate of the twist has no point.
    return false;
  }
}
