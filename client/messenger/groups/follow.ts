/**
 * Going over to the group that an admin made in place of a jammed one (G19): the conversation, what waits to be sent, and one line that
 * says so. When two admins moved it at once, everybody ends in the one with the lower id; in the other what is under way is still read.
 */
import type { AccountId, ConversationId } from '../api.ts';
import type { Conversations } from '../conversations.ts';
import { accountIn } from '../core.ts';
import type { GroupRecord, Moved } from '../state.ts';
import type { Step } from '../step.ts';
import { stateOf } from './group-values.ts';
import { conversationOf, currentOf } from './moved.ts';

export type Followed = {
  /** False: another move of the same group stands, and this one leads there. */
  isHere: boolean;
  /** Who is back only because this move was made without knowing of the other: they were put out there. */
  readmitted: AccountId[];
};

export type FollowParts = { conversations: Conversations };

/** What was to be said in the old group is said in the new one. Encrypted anew, under a new number. */
function redirect(step: Step, from: string, to: string): void {
  for (const [key, item] of [...step.all('outbox')]) {
    if (!('groupId' in item.to) || item.to.groupId !== from) continue;
    step.put('outbox', key, { ...item, to: { groupId: to }, group: null, counter: 0 });
  }
}

function retire(step: Step, groupId: string, movedTo: string): void {
  const record = step.get('groups', groupId);
  if (!record) return;
  step.put('groups', groupId, { ...record, standing: 'moved', movedTo, heard: [], acting: [] });
  step.remove('groupSending', groupId);
  step.remove('groupHolders', groupId);
  redirect(step, groupId, movedTo);
}

/** `author` was judged before. `fresh` is the new group as its log says. */
export function follow(
  step: Step,
  conversations: Conversations,
  groupId: string,
  fresh: GroupRecord,
  follows: Moved,
  author: AccountId,
): Followed {
  const old = step.get('groups', follows.groupId) as GroupRecord;
  const rival = old.movedTo;
  const before = currentOf(step, follows.groupId);
  if (rival !== undefined && rival < groupId) {
    step.put('groups', groupId, { ...fresh, follows, standing: 'moved', movedTo: rival });
    return { isHere: false, readmitted: [] };
  }
  const me = accountIn(step).accountId;
  const known = stateOf(before?.record ?? old).members;
  const now = stateOf(fresh).members;
  step.put('groups', groupId, { ...fresh, follows, requestFrom: old.requestFrom });
  if (before && before.groupId !== follows.groupId) retire(step, before.groupId, groupId);
  retire(step, follows.groupId, groupId);
  const id: ConversationId = conversationOf(step, groupId);
  const who = [...known.keys()].filter((accountId) => accountId !== me && !now.has(accountId));
  if (rival === undefined || who.length > 0) conversations.event(step, id, { event: 'group-moved', by: author, who }, author);
  conversations.show(step, id);
  const readmitted =
    rival === undefined ? [] : [...now.keys()].filter((accountId) => stateOf(old).members.has(accountId) && !known.has(accountId));
  return { isHere: true, readmitted };
}
