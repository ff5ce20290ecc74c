/**
 * The one AEAD of Sottovoce (D1): every sealed byte, of envelopes, group logs, vault and backup, goes through here.
 *   salt  = 32 fresh random bytes
 *   key   = HKDF-SHA256(secret, salt, label ‖ kind), 32 bytes          (RFC 5869)
 *   bytes = salt ‖ AES-256-GCM(key, nonce = 0^96, aad = kind ‖ aad, plaintext)      (NIST SP 800-38D)
 * 48 bytes longer than the plaintext. A key lives for one record, so the nonce may be zero, and a state rolled back to an old
 * snapshot repeats neither key nor nonce: there is no counter to lose. The kind stands in the derivation and in the aad: bytes of one
 * kind never open as another (ATTACKS 3).
 *
 * Not promised: key commitment. Whoever knows two secrets can make one record that opens under both; where that matters (backup,
 * attachments) a commitment stands beside it.
 */
import { type Bytes, concat, type RandomBytes, utf8, wipe } from '../bytes.ts';
import { require } from '../errors.ts';
import type { Kind, Label } from '../labels.ts';
import { hkdf } from '../primitives/hkdf.ts';
import { primitives } from '../primitives/installed.ts';

const SEAL_SECRET_BYTES = 32;
export const SALT_BYTES = 32;
export const TAG_BYTES = 16;

const ZERO_NONCE = new Uint8Array(12);

function recordKey(secret: Uint8Array, salt: Uint8Array, label: Label, kind: Kind): Bytes {
  require(secret.length === SEAL_SECRET_BYTES, 'bad-key');
  return hkdf(secret, salt, concat(utf8(label), Uint8Array.of(kind)), 32);
}

/** Ciphertext ‖ tag under a salt that the caller has just drawn and uses once. */
export async function sealUnderSalt(
  secret: Uint8Array,
  salt: Bytes,
  label: Label,
  kind: Kind,
  aad: Uint8Array,
  plaintext: Uint8Array,
): Promise<Bytes> {
  const key = recordKey(secret, salt, label, kind);
  try {
    return await primitives.aesGcmEncrypt(key, ZERO_NONCE, plaintext, concat(Uint8Array.of(kind), aad));
  } finally {
    wipe(key);
  }
}

/** Throws `bad-mac`. */
export async function openUnderSalt(
  secret: Uint8Array,
  salt: Uint8Array,
  label: Label,
  kind: Kind,
  aad: Uint8Array,
  ciphertext: Uint8Array,
): Promise<Bytes> {
  require(ciphertext.length >= TAG_BYTES, 'malformed');
  const key = recordKey(secret, salt, label, kind);
  try {
    return await primitives.aesGcmDecrypt(key, ZERO_NONCE, ciphertext, concat(Uint8Array.of(kind), aad));
  } finally {
    wipe(key);
  }
}

export async function sealRecord(
  secret: Uint8Array,
  label: Label,
  kind: Kind,
  aad: Uint8Array,
  plaintext: Uint8Array,
  random: RandomBytes,
): Promise<Bytes> {
  const salt = random(SALT_BYTES);
  return concat(salt, await sealUnderSalt(secret, salt, label, kind, aad, plaintext));
}

/** Throws `malformed` when too short to be a record, `bad-mac` for another secret, label, kind or aad, or changed bytes. */
export async function openRecord(secret: Uint8Array, label: Label, kind: Kind, aad: Uint8Array, record: Uint8Array): Promise<Bytes> {
  require(record.length >= SALT_BYTES + TAG_BYTES, 'malformed');
  return openUnderSalt(secret, record.subarray(0, SALT_BYTES), label, kind, aad, record.subarray(SALT_BYTES));
}
