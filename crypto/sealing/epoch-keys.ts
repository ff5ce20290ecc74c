/**
 * The keys of a group's epoch (D5), from its 32-byte epoch secret.
 *   key(label) = HKDF-SHA256(epoch secret, salt "", label ‖ group id 32 ‖ epoch u32), 32 bytes, for seal, hint, log, access seed
 *   access     = Ed25519 key pair of the access seed (RFC 8032): signs requests about the group's log to the relay
 *   commitment = SHA-256("Sottovoce v1 group epoch commitment" ‖ 0x00 ‖ group id 32 ‖ epoch u32 ‖ epoch secret)
 * The commitment stands in the log entry that opens the epoch, so that a secret supplied later by any member is checked.
 *
 * Not promised: that only members know the secret. Who was a member in an epoch keeps its keys; a removal opens another epoch.
 */
import { type Bytes, concat, utf8 } from '../bytes.ts';
import { require } from '../errors.ts';
import { LABEL, type Label } from '../labels.ts';
import { hkdf } from '../primitives/hkdf.ts';
import { primitives } from '../primitives/installed.ts';
import { writer } from '../wire/writer.ts';

export type EpochKeys = { seal: Bytes; hint: Bytes; log: Bytes; access: { seed: Bytes; publicKey: Bytes } };

const EPOCH_SECRET_BYTES = 32;
const GROUP_ID_BYTES = 32;

const NO_SALT = new Uint8Array(0);

function epochContext(groupId: Uint8Array, epoch: number): Bytes {
  return writer().fixed(groupId, GROUP_ID_BYTES).u32(epoch).done();
}

export async function deriveEpochKeys(epochSecret: Bytes, groupId: Bytes, epoch: number): Promise<EpochKeys> {
  require(epochSecret.length === EPOCH_SECRET_BYTES, 'bad-key');
  const context = epochContext(groupId, epoch);
  const derive = (label: Label) => hkdf(epochSecret, NO_SALT, concat(utf8(label), context), 32);
  const seed = derive(LABEL.groupAccess);
  return {
    seal: derive(LABEL.groupSeal),
    hint: derive(LABEL.groupHint),
    log: derive(LABEL.groupLog),
    access: { seed, publicKey: await primitives.ed25519PublicKey(seed) },
  };
}

export function epochCommitment(epochSecret: Bytes, groupId: Bytes, epoch: number): Bytes {
  require(epochSecret.length === EPOCH_SECRET_BYTES, 'bad-key');
  return primitives.sha256(concat(utf8(LABEL.groupCommit), Uint8Array.of(0), epochContext(groupId, epoch), epochSecret));
}
