/**
 * What a group is after some slots of its log (D5): a value that two honest replicas compute alike, byte for byte (group-state-codec.ts).
 * A slot is one position of the log as the relay orders it; `version` counts all slots, valid or skipped, and the head is the last valid entry.
 */
import { type Bytes, equalBytes } from '../bytes.ts';
import type { AccountId } from '../keys/account-id.ts';
import { type GroupPolicy, ROLES, type Role } from './group-operation.ts';

export type GroupMember = {
  role: Role;
  identityKey: Bytes;
  accountKey: Bytes;
  genesis: Bytes;
  rotations: readonly Bytes[];
  joinedEpoch: number;
};

/** Someone who was a member from one epoch through another, both included. */
export type FormerMember = { joinedEpoch: number; leftEpoch: number };

/** The head as it was from this version on. */
export type HeadMark = { version: number; hash: Bytes };

export type GroupState = {
  readonly groupId: Bytes;
  readonly version: number;
  readonly headHash: Bytes;
  readonly heads: readonly HeadMark[];
  readonly epoch: number;
  readonly epochCommitment: Bytes;
  readonly rotationDue: boolean;
  readonly name: string;
  readonly policy: GroupPolicy;
  /** In the order they came in. */
  readonly members: ReadonlyMap<AccountId, GroupMember>;
  readonly former: ReadonlyMap<AccountId, FormerMember>;
  readonly moved?: { newGroupId: Bytes; author: AccountId };
};

/** `create` opens this epoch; 0 is none. */
export const FIRST_EPOCH = 1;

export function hasRank(role: Role, least: Role): boolean {
  return ROLES.indexOf(role) >= ROLES.indexOf(least);
}

export function isAdmin(state: GroupState, accountId: AccountId): boolean {
  return state.members.get(accountId)?.role === 'admin';
}

/** May this account encrypt a message for the group now? Not while a rotation is due: who left still holds the keys of the epoch (G16). */
export function mayPost(state: GroupState, accountId: AccountId): boolean {
  const member = state.members.get(accountId);
  return member !== undefined && !state.rotationDue && state.moved === undefined && hasRank(member.role, state.policy.post);
}

/** Was this account a member at that epoch (D5 "Late and stale")? Of several stays, only the last that ended is remembered. */
export function wasMember(state: GroupState, accountId: AccountId, epoch: number): boolean {
  const member = state.members.get(accountId);
  if (member && epoch >= member.joinedEpoch && epoch <= state.epoch) return true;
  const former = state.former.get(accountId);
  return former !== undefined && epoch >= former.joinedEpoch && epoch <= former.leftEpoch;
}

/** The state before the slots skipped since the last valid entry: they changed nothing, so a reading from here judges them anew (G18). */
export function atHead(state: GroupState): GroupState {
  return { ...state, version: state.heads.at(-1)?.version ?? state.version };
}

/**
 * Compares a (version, head) that someone else reports, in a message or a welcome, with this state (G18):
 * `same`, `ahead` (there are entries I have not applied, or was shown something else in their place: read on from the head), `differs` (two
 * histories up to the head: an alarm) or `too-old` (before the heads I remember). Slots skipped since the head say nothing either way.
 */
export function compareHead(state: GroupState, version: number, headHash: Uint8Array): 'same' | 'ahead' | 'differs' | 'too-old' {
  const mark = state.heads.findLast((head) => head.version <= version);
  if (!mark) return 'too-old';
  if (equalBytes(mark.hash, headHash)) return 'same';
  return version > atHead(state).version ? 'ahead' : 'differs';
}
