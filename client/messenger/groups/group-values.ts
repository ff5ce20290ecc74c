/** Group states and epoch keys as values: parsed and derived once for the bytes they come from. */
import {
  type AccountId,
  deriveEpochKeys,
  encodeGroupState,
  type EpochKeys,
  fromBase64url,
  type GroupState,
  parseGroupState,
} from '../../../crypto/index.ts';
import type { Bytes } from '../../../crypto/index.ts';
import type { GroupRecord } from '../state.ts';

const states = new WeakMap<Bytes, GroupState>();
const keys = new WeakMap<Bytes, Promise<EpochKeys>>();

export function stateOf(record: GroupRecord): GroupState {
  const known = states.get(record.state);
  if (known) return known;
  const state = parseGroupState(record.state);
  states.set(record.state, state);
  return state;
}

/** A group as it is entered. */
export function newRecord(state: GroupState, epoch: { epoch: number; secret: Bytes }): GroupRecord {
  return {
    state: encodeGroupState(state),
    standing: 'member',
    epochs: [epoch],
    pending: [],
    acting: [],
    noticedEpoch: epoch.epoch,
    requestFrom: null,
    heard: [],
  };
}

/** A secret belongs to one group and epoch, so the secret alone finds its keys. */
export function keysOf(groupId: string, epoch: { epoch: number; secret: Bytes }): Promise<EpochKeys> {
  const known = keys.get(epoch.secret);
  if (known) return known;
  const derived = deriveEpochKeys(epoch.secret, fromBase64url(groupId), epoch.epoch);
  keys.set(epoch.secret, derived);
  return derived;
}

export function secretOf(record: GroupRecord, epoch: number): Bytes | undefined {
  return record.epochs.find((one) => one.epoch === epoch)?.secret;
}

export function otherMembers(state: GroupState, me: AccountId): AccountId[] {
  return [...state.members.keys()].filter((id) => id !== me);
}
