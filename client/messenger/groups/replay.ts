/** Slots of the log applied to what this device knows of a group, and what follows from each: rows, ends of membership, news for others. */
import {
  type AppliedSlot,
  applyLogSlot,
  encodeGroupState,
  type EpochLogKey,
  epochCommitment,
  equalBytes,
  fromBase64url,
  type GroupState,
  primitives,
  toBase64url,
} from '../../../crypto/index.ts';
import { accountIdOf } from '../../../crypto/index.ts';
import type { Bytes } from '../../../crypto/index.ts';
import type { AccountId, SystemEvent } from '../api.ts';
import type { GroupRecord } from '../state.ts';
import { keysOf, stateOf } from './group-values.ts';

// Older epochs open nothing that is still under way.
const MAX_EPOCHS = 32;

export type Applied = NonNullable<AppliedSlot['applied']>;
export type Change = { applied: Applied /** Made by this device. */; own: boolean; state: GroupState };

export function slotHash(slot: Uint8Array): string {
  return toBase64url(primitives.sha256(slot));
}

async function logKeys(record: GroupRecord, groupId: string): Promise<Map<number, EpochLogKey[]>> {
  const found = new Map<number, EpochLogKey[]>();
  const id = fromBase64url(groupId);
  for (const [list, confirmed] of [
    [record.epochs, true],
    [record.pending, false],
  ] as const) {
    for (const one of list) {
      const { log } = await keysOf(groupId, one);
      const commitment = epochCommitment(one.secret, id, one.epoch);
      found.set(one.epoch, [...(found.get(one.epoch) ?? []), { log, commitment, confirmed }]);
    }
  }
  return found;
}

/** The candidate whose commitment the log names becomes the epoch's secret. */
function confirmed(record: GroupRecord, groupId: string, state: GroupState): Pick<GroupRecord, 'epochs' | 'pending' | 'noticedEpoch'> {
  const id = fromBase64url(groupId);
  if (record.epochs.some(({ epoch }) => epoch === state.epoch)) return record;
  const secret = record.pending.find(
    (one) => one.epoch === state.epoch && equalBytes(epochCommitment(one.secret, id, one.epoch), state.epochCommitment),
  );
  if (!secret) return record;
  return {
    epochs: [...record.epochs, secret].slice(-MAX_EPOCHS),
    pending: record.pending.filter(({ epoch }) => epoch > state.epoch),
    // Secrets come pairwise: from here on what a former member sends is late (D5).
    noticedEpoch: state.epoch,
  };
}

/** Pure. Stops at a slot of an epoch whose key is not here yet. */
export async function applySlots(
  record: GroupRecord,
  groupId: string,
  slots: readonly Bytes[],
): Promise<{ record: GroupRecord; changes: Change[] }> {
  const changes: Change[] = [];
  let now = record;
  for (const slot of slots) {
    const keys = await logKeys(now, groupId);
    const next = await applyLogSlot(stateOf(now), fromBase64url(groupId), slot, (epoch) => keys.get(epoch) ?? []);
    if (!next) break;
    const hash = slotHash(slot);
    const own = now.acting.includes(hash);
    now = {
      ...now,
      ...confirmed(now, groupId, next.state),
      state: encodeGroupState(next.state),
      acting: now.acting.filter((one) => one !== hash),
    };
    if (next.applied) changes.push({ applied: next.applied, own, state: next.state });
  }
  return { record: now, changes };
}

/** What people are shown of an entry. */
export function eventOf(applied: Applied): SystemEvent | null {
  const by: AccountId = applied.author;
  switch (applied.type) {
    case 'create':
      return { event: 'group-created', by, name: applied.name };
    case 'add':
      return { event: 'member-added', by, who: applied.members.map(({ genesis }) => accountIdOf(genesis)) };
    case 'remove':
      return { event: 'member-removed', by, who: applied.accountId };
    case 'leave':
      return { event: 'member-left', who: by };
    case 'setRole':
      return { event: 'role-changed', by, who: applied.accountId, role: applied.role };
    case 'rename':
      return { event: 'group-renamed', by, name: applied.name };
    case 'rekey':
      return { event: 'identity-renewed', who: applied.accountId };
    default:
      return null;
  }
}
