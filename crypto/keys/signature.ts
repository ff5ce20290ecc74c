/**
 * Signatures with a purpose. Every signature of Sottovoce except the signed prekey's (whose bytes libsignal fixes) is over
 *   "Sottovoce v1 <purpose>" ‖ 0x00 ‖ body
 * so that one made for a device list can never stand under a group log (ATTACKS 15). 64 bytes.
 *
 * Three signers: an identity key by XEdDSA (https://signal.org/docs/specifications/xeddsa/ §3), an account or sender-key seed by
 * Ed25519 whose result verifies as XEdDSA (account-key.ts), and plain Ed25519 (RFC 8032) for a group's access key.
 *
 * Not promised: that signatures are unique. Two signatures of one body by one key may differ.
 */
import { type Bytes, concat, type RandomBytes, utf8 } from '../bytes.ts';
import { require } from '../errors.ts';
import type { Purpose } from '../labels.ts';
import { primitives } from '../primitives/installed.ts';
import { seededSign } from './account-key.ts';

export const SIGNATURE_BYTES = 64;

/** Signs the bytes it is given; holds its key. */
export type Signer = (message: Bytes) => Promise<Bytes>;

export function identitySigner(identityPrivateKey: Bytes, random: RandomBytes): Signer {
  return async (message) => primitives.xeddsaSign(identityPrivateKey, message, random);
}

export function seedSigner(seed: Bytes): Signer {
  return (message) => seededSign(seed, message);
}

export function ed25519Signer(seed: Bytes): Signer {
  return async (message) => primitives.ed25519Sign(seed, message);
}

export function purposeBytes(purpose: Purpose, body: Uint8Array): Bytes {
  return concat(utf8(`Sottovoce v1 ${purpose}`), Uint8Array.of(0), body);
}

export function signPurpose(signer: Signer, purpose: Purpose, body: Uint8Array): Promise<Bytes> {
  return signer(purposeBytes(purpose, body));
}

/** For identity keys and account keys (X25519 u-coordinates). Throws `bad-signature`. */
export async function verifyPurpose(publicKey: Uint8Array, purpose: Purpose, body: Uint8Array, signature: Uint8Array): Promise<void> {
  require(signature.length === SIGNATURE_BYTES, 'bad-signature');
  require(await primitives.xeddsaVerify(publicKey, purposeBytes(purpose, body), signature), 'bad-signature');
}

/** For Ed25519 keys: login keys and group access keys. Throws `bad-signature`. */
export async function verifyEd25519Purpose(
  publicKey: Uint8Array,
  purpose: Purpose,
  body: Uint8Array,
  signature: Uint8Array,
): Promise<void> {
  require(signature.length === SIGNATURE_BYTES, 'bad-signature');
  require(await primitives.ed25519Verify(publicKey, purposeBytes(purpose, body), signature), 'bad-signature');
}
