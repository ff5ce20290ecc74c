/** A group as the page sees it: from the applied log alone, never from what somebody says. */
import type { Conversation, ConversationId, Member, Role } from '../api.ts';
import type { Account } from '../state.ts';
import type { View } from '../step.ts';
import { stateOf } from './group-values.ts';
import { groupOf } from './moved.ts';

export type GroupView = { name: string; members: Member[]; whyNot?: NonNullable<Conversation['whyNot']> };

export function memberViews(view: View, own: Account, groupId: ConversationId): GroupView {
  const record = view.get('groups', groupOf(view, groupId));
  if (!record) return { name: '', members: [], whyNot: 'removed' };
  const state = stateOf(record);
  const members = [...state.members].map(([accountId, { role }]): Member => {
    if (accountId === own.accountId) return { accountId, username: own.username, role, verified: true };
    const contact = view.get('contacts', accountId);
    return { accountId, username: contact?.username ?? '', role, verified: contact?.verified ?? false };
  });
  const { standing } = record;
  const whyNot = standing === 'member' ? (record.requestFrom === null ? undefined : ('request' as const)) : standing;
  return { name: state.name, members, ...(whyNot && { whyNot: whyNot === 'moved' ? 'removed' : whyNot }) };
}

export function myRoleIn(view: View, own: Account, groupId: ConversationId): Role | undefined {
  const record = view.get('groups', groupOf(view, groupId));
  return record?.standing === 'member' ? stateOf(record).members.get(own.accountId)?.role : undefined;
}
