/**
 * The account key: the one key that may change an account's identity key (D6). It is derived from the recovery key and, once the
 * words are confirmed, kept on no device.
 *   seed = HKDF-SHA256(entropy, salt "", "Sottovoce v1 account key"), 32 bytes
 *   a    = clamp(SHA-512(seed)[0..32])            (RFC 8032 §5.1.5)
 *   A    = X25519(a, 9), 32 bytes                  the public form: a u-coordinate, as Signal's fingerprints want it
 * Signatures are plain Ed25519 under the seed with the sign bit of the Edwards point OR-ed into signature[63]; XEdDSA verification
 * (https://signal.org/docs/specifications/xeddsa/ §2.3, sign bit carried as in Signal's library) then accepts them under A.
 * Sender keys sign the same way.
 *
 * Not promised: protection of someone who writes his words down where others read them. The entropy is 128 bits and never stretched.
 */
import { type Bytes, utf8, wipe } from '../bytes.ts';
import { require } from '../errors.ts';
import { LABEL } from '../labels.ts';
import { hkdf } from '../primitives/hkdf.ts';
import { primitives } from '../primitives/installed.ts';
import { type AccountId, accountIdToBytes } from './account-id.ts';

export const SEED_BYTES = 32;
export const RECOVERY_ENTROPY_BYTES = 16;

const NO_SALT = new Uint8Array(0);

export async function seededPublicKey(seed: Bytes): Promise<Bytes> {
  require(seed.length === SEED_BYTES, 'bad-key');
  const digest = primitives.sha512(seed);
  const publicKey = await primitives.x25519PublicKey(digest.subarray(0, 32));
  wipe(digest);
  return publicKey;
}

export async function seededSign(seed: Bytes, message: Uint8Array): Promise<Bytes> {
  require(seed.length === SEED_BYTES, 'bad-key');
  const [signature, edwards] = await Promise.all([primitives.ed25519Sign(seed, message), primitives.ed25519PublicKey(seed)]);
  const out = new Uint8Array(signature);
  out[63] = (out[63] as number) | ((edwards[31] as number) & 0x80);
  return out;
}

export async function deriveAccountKey(entropy: Bytes): Promise<{ publicKey: Bytes; seed: Bytes }> {
  require(entropy.length === RECOVERY_ENTROPY_BYTES, 'bad-recovery-key');
  const seed = hkdf(entropy, NO_SALT, utf8(LABEL.accountKey), SEED_BYTES);
  return { seed, publicKey: await seededPublicKey(seed) };
}

/**
 * What devices may keep of the recovery key (D10), bound to the account by the salt: the key of its backup and the Ed25519 seed that
 * proves to a relay that a backup may be fetched.
 */
export function deriveBackupKeys(entropy: Bytes, accountId: AccountId): { backupKey: Bytes; backupLoginSeed: Bytes } {
  require(entropy.length === RECOVERY_ENTROPY_BYTES, 'bad-recovery-key');
  const salt = accountIdToBytes(accountId);
  return {
    backupKey: hkdf(entropy, salt, utf8(LABEL.backupKey), 32),
    backupLoginSeed: hkdf(entropy, salt, utf8(LABEL.backupLogin), SEED_BYTES),
  };
}
