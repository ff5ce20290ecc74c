/**
 * Replaying a group log from its sealed slots (D5). Whether a slot counts depends on the slots before it and on the true log keys alone, so
 * that a member of the first day and a newcomer come to the same state:
 *   - it must be sealed under the state's epoch, or under the next one if and only if its entry opens that epoch;
 *   - a slot that opens an epoch names the true previous log key and commits to the secret its own key is derived from.
 *
 * A wrong secret that some member sends must not make anyone skip a good slot: only a confirmed key that fails to open means "skip".
 */
import { type Bytes, equalBytes } from '../bytes.ts';
import { CHAIN, NO_PREVIOUS, parseEntry } from '../chain/entry.ts';
import { CryptoError, require } from '../errors.ts';
import { type AppliedEntry, applyGroupEntry, skipSlot } from './group-log.ts';
import { parseOperation } from './group-operation.ts';
import { FIRST_EPOCH, type GroupState } from './group-state.ts';
import { type OpenedSlot, openLogEntry, peekLogEntryEpoch } from './log-slot.ts';

/**
 * A log key of an epoch. `commitment` where the epoch secret is known. `confirmed`: it is this epoch's, because a slot was applied under
 * it, a newer epoch's slot named it, or the welcome came with it; otherwise a candidate that some member sent, which may be wrong.
 */
export type EpochLogKey = { log: Bytes; commitment?: Bytes; confirmed: boolean };

/** `key`: the one that opened the slot, confirmed by that; `null` where the slot was skipped. */
export type AppliedSlot = AppliedEntry & { key: EpochLogKey | null };

type OpenedUnder = OpenedSlot & { key: EpochLogKey };

async function openUnderAny(keys: readonly EpochLogKey[], groupId: Bytes, slot: number, sealed: Uint8Array): Promise<OpenedUnder | null> {
  for (const key of keys) {
    try {
      return { ...(await openLogEntry(key.log, groupId, slot, sealed)), key };
    } catch (error) {
      if (!(error instanceof CryptoError && error.code === 'bad-mac')) throw error;
    }
  }
  return null;
}

/** Does the slot's sealing agree with the entry in it? It must, or members and newcomers would judge it differently. */
function requireSealedRight(
  before: GroupState | null,
  after: GroupState,
  epoch: number,
  slot: OpenedUnder,
  earlier: Bytes | undefined,
): void {
  require(after.epoch === epoch, 'wrong-context');
  const opensEpoch = before !== null && before.epoch !== epoch;
  require(opensEpoch === (slot.previousLogKey !== null), 'wrong-context');
  if (slot.previousLogKey && earlier) require(equalBytes(slot.previousLogKey, earlier), 'bad-key');
  const { commitment } = slot.key;
  if (commitment) require(equalBytes(commitment, after.epochCommitment), 'bad-key');
}

/**
 * Opens and applies the next slot. `null`: it claims an epoch for which no key that fits is here (yet), so it cannot be judged; ask a
 * member. A slot that a confirmed key does not open, or whose sealing contradicts its entry, is skipped. Throws when there is no group
 * yet and this slot does not found it.
 */
export async function applyLogSlot(
  state: GroupState | null,
  groupId: Bytes,
  sealed: Uint8Array,
  keysOf: (epoch: number) => readonly EpochLogKey[],
): Promise<AppliedSlot | null> {
  const current = state?.epoch ?? FIRST_EPOCH;
  try {
    const epoch = peekLogEntryEpoch(sealed);
    require(epoch === current || (state !== null && epoch === current + 1), 'wrong-context');
    const keys = keysOf(epoch);
    const slot = await openUnderAny(keys, groupId, state?.version ?? 0, sealed);
    if (slot === null && !keys.some((key) => key.confirmed)) return null;
    require(slot !== null, 'bad-mac');
    const next = await applyGroupEntry(state, slot.entry, groupId);
    const earlier = keysOf(epoch - 1).find((key) => key.confirmed);
    if (next.applied) requireSealedRight(state, next.state, epoch, slot, earlier?.log);
    return { ...next, key: next.applied ? slot.key : null };
  } catch (error) {
    if (state === null || !(error instanceof CryptoError)) throw error;
    return { state: skipSlot(state), applied: null, key: null };
  }
}

/** `null` for some member's garbage, which the replay skips. */
function epochOf(sealed: Uint8Array): number | null {
  try {
    return peekLogEntryEpoch(sealed);
  } catch (error) {
    if (error instanceof CryptoError) return null;
    throw error;
  }
}

async function openOrNull(logKey: Bytes, groupId: Bytes, slot: number, sealed: Uint8Array): Promise<OpenedSlot | null> {
  try {
    return await openLogEntry(logKey, groupId, slot, sealed);
  } catch (error) {
    if (error instanceof CryptoError) return null;
    throw error;
  }
}

type Link = { hash: Bytes; previousHash: Bytes; previousLogKey: Bytes | null; commitment: Bytes | undefined };

async function linkOrNull(logKey: Bytes, groupId: Bytes, slot: number, sealed: Uint8Array): Promise<Link | null> {
  const opened = await openOrNull(logKey, groupId, slot, sealed);
  if (!opened) return null;
  try {
    const { hash, previousHash, operation, body } = parseEntry(opened.entry, CHAIN.groupLog, groupId);
    const parsed = parseOperation(operation, body);
    return {
      hash,
      previousHash,
      previousLogKey: opened.previousLogKey,
      commitment: 'commitment' in parsed ? parsed.commitment : undefined,
    };
  } catch (error) {
    if (error instanceof CryptoError) return null;
    throw error;
  }
}

/**
 * The log key and the commitment of every epoch up to this one, along the hashes from the head of a welcome back to the founding: no other
 * slot has a say, whoever sealed it, and each is opened once at most. The commitments are what lets a newcomer skip what those skipped who
 * know the secrets (G11). Throws `broken-link` when the slots do not lead from the head to the beginning.
 */
export async function recoverEpochs(
  groupId: Bytes,
  slots: readonly Uint8Array[],
  epoch: number,
  logKey: Bytes,
  headHash: Uint8Array,
): Promise<Map<number, { log: Bytes; commitment: Bytes }>> {
  const found = new Map<number, { log: Bytes; commitment: Bytes }>();
  let [at, key, wanted]: [number, Bytes, Uint8Array] = [epoch, logKey, headHash];
  for (let slot = slots.length - 1; slot >= 0; slot--) {
    const sealed = slots[slot] as Uint8Array;
    if (epochOf(sealed) !== at) continue;
    const link = await linkOrNull(key, groupId, slot, sealed);
    if (!link || !equalBytes(link.hash, wanted)) continue;
    wanted = link.previousHash;
    if (link.commitment) found.set(at, { log: key, commitment: link.commitment });
    if (!link.previousLogKey) continue;
    require(link.commitment !== undefined && at > FIRST_EPOCH, 'broken-link');
    at--;
    key = link.previousLogKey;
  }
  require(at === FIRST_EPOCH && found.has(at) && equalBytes(wanted, NO_PREVIOUS), 'broken-link');
  return found;
}
