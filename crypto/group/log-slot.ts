/**
 * What the relay stores in one slot of a group log: an entry sealed under the log key of its epoch (D5, D1's AEAD).
 *   slot      = version 1 ‖ epoch u32 ‖ sealed record            whole length a power of two from 512 B to 256 KiB
 *   plaintext = entry (u32 length ‖ bytes) ‖ flag 1 ‖ [previous log key 32] ‖ zeros
 *   aad       = version 1 ‖ group id 32 ‖ epoch u32 ‖ slot number u32
 * An entry that opens an epoch is sealed under the new epoch's key and holds the one before, so that a newcomer who is given the newest epoch
 * secret reads back to the beginning, and who was removed cannot even read that he was. A slot moved to another place, epoch or group does
 * not open. The size tells a rename from a removal no more than the padding lets it.
 *
 * Not promised: that an author of an epoch hands its secret to anyone. Then the log is jammed, and an admin's `moved` leaves it (G19).
 */
import { type Bytes, concat, type RandomBytes } from '../bytes.ts';
import { require } from '../errors.ts';
import { KIND, LABEL } from '../labels.ts';
import { MAX_CHAIN_ENTRY_BYTES, MIN_LOG_SLOT_BYTES } from '../limits.ts';
import { openRecord, SALT_BYTES, sealRecord, TAG_BYTES } from '../sealing/aead.ts';
import { reader } from '../wire/reader.ts';
import { writer } from '../wire/writer.ts';
import { GROUP_ID_BYTES } from './group-operation.ts';

const VERSION = 1;
const LOG_KEY_BYTES = 32;
const OVERHEAD_BYTES = 5 + SALT_BYTES + TAG_BYTES;

export type OpenedSlot = { entry: Bytes; previousLogKey: Bytes | null };

function slotBytesFor(contentBytes: number): number {
  let size = MIN_LOG_SLOT_BYTES;
  while (size < contentBytes + OVERHEAD_BYTES) size *= 2;
  require(size <= MAX_CHAIN_ENTRY_BYTES, 'too-large');
  return size;
}

function contextOf(groupId: Uint8Array, epoch: number, slot: number): Bytes {
  return writer().u8(VERSION).fixed(groupId, GROUP_ID_BYTES).u32(epoch).u32(slot).done();
}

/** `slot` is the version of the log before this entry: the number the relay compares. */
export async function sealLogEntry(
  logKey: Bytes,
  groupId: Bytes,
  epoch: number,
  slot: number,
  entry: Bytes,
  previousLogKey: Bytes | null,
  random: RandomBytes,
): Promise<Bytes> {
  const to = writer()
    .sized(entry, MAX_CHAIN_ENTRY_BYTES)
    .flag(previousLogKey !== null);
  if (previousLogKey) to.fixed(previousLogKey, LOG_KEY_BYTES);
  const content = to.done();
  const padding = new Uint8Array(slotBytesFor(content.length) - OVERHEAD_BYTES - content.length);
  const aad = contextOf(groupId, epoch, slot);
  const record = await sealRecord(logKey, LABEL.groupLog, KIND.groupLog, aad, concat(content, padding), random);
  return concat(writer().u8(VERSION).u32(epoch).done(), record);
}

/** Which epoch's log key a slot claims to be sealed under. */
export function peekLogEntryEpoch(sealed: Uint8Array): number {
  const from = reader(sealed, MAX_CHAIN_ENTRY_BYTES);
  from.expect(VERSION, 'unsupported-version');
  return from.u32();
}

export async function openLogEntry(logKey: Bytes, groupId: Bytes, slot: number, sealed: Uint8Array): Promise<OpenedSlot> {
  const aad = contextOf(groupId, peekLogEntryEpoch(sealed), slot);
  const content = await openRecord(logKey, LABEL.groupLog, KIND.groupLog, aad, sealed.subarray(5));
  const from = reader(content, MAX_CHAIN_ENTRY_BYTES);
  const entry = from.sized(MAX_CHAIN_ENTRY_BYTES);
  const previousLogKey = from.flag() ? from.bytes(LOG_KEY_BYTES) : null;
  const contentBytes = content.length - from.left();
  require(from.rest().every((byte) => byte === 0), 'malformed');
  require(sealed.length === slotBytesFor(contentBytes), 'malformed');
  return { entry, previousLogKey };
}
