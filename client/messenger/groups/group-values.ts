/** Group states and epoch keys as values: parsed and derived once for the bytes they come from. */
import { type AccountId, deriveEpochKeys, type EpochKeys, fromBase64url, type GroupState, parseGroupState } from '../../../crypto/index.ts';
import type { Bytes } from '../../../crypto/index.ts';
import type { GroupRecord } from '../state.ts';

const states = new WeakMap<Bytes, GroupState>();
const keys = new WeakMap<Bytes, Promise<EpochKeys>>();

export function stateOf(record: GroupRecord): GroupState {
  let state = states.get(record.state);
  if (!state) states.set(record.state, (state = parseGroupState(record.state)));
  return state;
}

/** A secret belongs to one group and epoch, so the secret alone finds its keys. */
export function keysOf(groupId: string, epoch: { epoch: number; secret: Bytes }): Promise<EpochKeys> {
  let derived = keys.get(epoch.secret);
  if (!derived) keys.set(epoch.secret, (derived = deriveEpochKeys(epoch.secret, fromBase64url(groupId), epoch.epoch)));
  return derived;
}

export function secretOf(record: GroupRecord, epoch: number): Bytes | undefined {
  return record.epochs.find((one) => one.epoch === epoch)?.secret;
}

export function otherMembers(state: GroupState, me: AccountId): AccountId[] {
  return [...state.members.keys()].filter((id) => id !== me);
}
