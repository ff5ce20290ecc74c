/**
 * The signed prekey: an X25519 key signed by the identity key, as X3DH wants it
 * (https://signal.org/docs/specifications/x3dh/ §3.2). The signature is XEdDSA over 0x05 ‖ public key, the bytes libsignal verifies:
 * the one signature without a purpose, and safe beside the others because no purpose begins with 0x05.
 */
import { type Bytes, concat, type RandomBytes } from '../bytes.ts';
import { require } from '../errors.ts';
import { MAX_PREKEY_ID } from '../limits.ts';
import { primitives } from '../primitives/installed.ts';

export type SignedPrekey = { id: number; publicKey: Bytes; signature: Bytes };

// Signal's type byte of a Curve25519 public key.
const CURVE25519_TYPE = Uint8Array.of(5);

/** Prekey ids start at 1: libsignal takes 0 for "none" (L5). */
export function requirePrekeyId(id: number): number {
  require(Number.isInteger(id) && id >= 1 && id <= MAX_PREKEY_ID, 'malformed');
  return id;
}

export async function signPrekey(identityPrivateKey: Bytes, publicKey: Bytes, random: RandomBytes): Promise<Bytes> {
  return primitives.xeddsaSign(identityPrivateKey, concat(CURVE25519_TYPE, publicKey), random);
}

/** Throws `bad-signature`. */
export async function verifyPrekey(identityKey: Uint8Array, prekey: { publicKey: Uint8Array; signature: Uint8Array }): Promise<void> {
  const message = concat(CURVE25519_TYPE, prekey.publicKey);
  require(await primitives.xeddsaVerify(identityKey, message, prekey.signature), 'bad-signature');
}
