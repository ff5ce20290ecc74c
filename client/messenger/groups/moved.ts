/**
 * A group that an admin moved goes on in another, and its conversation with it: the page keeps the id it knows, the relay and the members
 * speak of the new one. Which group a conversation is in now, and which conversation a group is shown in.
 */
import { type Bytes, CryptoError, type GroupState, isAdmin, toBase64url, verifyMoved } from '../../../crypto/index.ts';
import type { AccountId, ConversationId } from '../api.ts';
import type { GroupRecord, Moved } from '../state.ts';
import type { View } from '../step.ts';
import { stateOf } from './group-values.ts';

export function groupOf(view: View, conversationId: ConversationId): string {
  let at = conversationId;
  for (;;) {
    const next = view.get('groups', at)?.movedTo;
    if (next === undefined) return at;
    at = next;
  }
}

export function conversationOf(view: View, groupId: string): ConversationId {
  let at = groupId;
  for (;;) {
    const before = view.get('groups', at)?.follows?.groupId;
    if (before === undefined) return at;
    at = before;
  }
}

/** The group as it goes on: null where one is no member any more. */
export function currentOf(view: View, groupId: string): { groupId: string; record: GroupRecord; state: GroupState } | null {
  const current = groupOf(view, groupId);
  const record = view.get('groups', current);
  return record?.standing === 'member' ? { groupId: current, record, state: stateOf(record) } : null;
}

/** Of a group that was moved: who wrote in it and is a member where it goes on may still be read. */
export function isLateMember(view: View, groupId: string, accountId: AccountId): boolean {
  const record = view.get('groups', groupId);
  if (record?.standing !== 'moved' || !stateOf(record).members.has(accountId)) return false;
  return currentOf(view, groupId)?.state.members.has(accountId) ?? false;
}

/** A group claims to go on from one of mine. */
export type Claim = { groupId: string; moved: Moved; founder: AccountId };

/**
 * `none`: the old group is not mine (any more), so this one is like any other. `refused`: it does not follow. Otherwise who moved it, who
 * is an admin of the old group in the state known here and founded the new one; and, when I follow another move of it already, an admin
 * there too: who was put out by the first has no second.
 */
export async function judgeMove(view: View, { groupId, moved, founder }: Claim): Promise<'none' | 'refused' | { author: AccountId }> {
  const old = view.get('groups', moved.groupId);
  if (old?.standing !== 'member' && old?.standing !== 'moved') return 'none';
  // Known before: whoever comes back into it comes back as into any other.
  if (view.get('groups', groupId)) return 'none';
  try {
    const { newGroupId, author } = await verifyMoved(stateOf(old), moved.entry);
    if (toBase64url(newGroupId) !== groupId || author !== founder) return 'refused';
    const current = currentOf(view, moved.groupId);
    return current && isAdmin(current.state, author) ? { author } : 'refused';
  } catch (error) {
    if (error instanceof CryptoError) return 'refused';
    throw error;
  }
}

export type MoveBody = { groupId: string; entry: string };

export function moveBody({ follows }: GroupRecord): { moved?: MoveBody } {
  return follows ? { moved: { groupId: follows.groupId, entry: toBase64url(follows.entry as Bytes) } } : {};
}
