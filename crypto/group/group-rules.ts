/**
 * Who may do what in a group (D5). A pure function of the state before, the author and the operation: no clock, directory or local trust.
 *
 *   operation | admin                  | moderator            | member               | besides
 *   create    | –                      | –                    | –                    | first valid entry only; the author is among the members and becomes admin
 *   add       | if policy.add ≤ role   | the same             | the same             | only accounts not in the group, none twice, ≤ 1,000 in all; they start as member
 *   remove    | anyone but himself     | plain members        | no                   | opens an epoch
 *   leave     | not as the last admin¹ | yes                  | yes                  | a rotation becomes due
 *   setRole   | yes, himself too¹      | no                   | no                   | an admin remains; the role is another one
 *   rename    | if policy.edit ≤ role  | the same             | the same             | the name is another one
 *   policy    | yes                    | no                   | no                   | it differs
 *   rotate    | yes                    | yes                  | yes                  | opens an epoch
 *   rekey     | for any member         | for any member       | for any member       | rests on the account key's signature; a rotation becomes due
 *   moved     | yes                    | no                   | no                   | to another group; nothing is valid after it
 *   ¹ The only member may leave.
 *
 * Moderators cannot touch each other or admins, so a stolen moderator cannot take a group over. Nobody removes himself: `remove` makes an
 * epoch secret, and who leaves must not know the next one. An operation that changes nothing is not allowed: who lost a race drops it.
 * A `rekey` may come from anyone, because a member who lost all devices can no longer write to the log himself.
 */
import { equalBytes } from '../bytes.ts';
import type { AccountId } from '../keys/account-id.ts';
import { accountIdOf } from '../keys/genesis-record.ts';
import { MAX_GROUP_MEMBERS } from '../limits.ts';
import { type GroupOperation, type GroupPolicy, isGroupName, type MemberRecord } from './group-operation.ts';
import { type GroupState, hasRank, isAdmin } from './group-state.ts';

function distinctIds(members: readonly MemberRecord[]): Set<AccountId> | null {
  const ids = new Set(members.map((member) => accountIdOf(member.genesis)));
  return ids.size === members.length ? ids : null;
}

function canCreate(author: AccountId, name: string, members: readonly MemberRecord[]): boolean {
  return isGroupName(name) && members.length <= MAX_GROUP_MEMBERS && (distinctIds(members)?.has(author) ?? false);
}

function canAdd(state: GroupState, members: readonly MemberRecord[]): boolean {
  if (members.length === 0 || state.members.size + members.length > MAX_GROUP_MEMBERS) return false;
  const ids = distinctIds(members);
  return ids !== null && [...ids].every((id) => !state.members.has(id));
}

/** Would the group still have an admin without this one? */
function hasOtherAdmin(state: GroupState, accountId: AccountId): boolean {
  return [...state.members.keys()].some((id) => id !== accountId && isAdmin(state, id));
}

function samePolicy(a: GroupPolicy, b: GroupPolicy): boolean {
  return a.add === b.add && a.edit === b.edit && a.post === b.post;
}

/** Permission alone. That identity keys and rotations verify is seen when the entry is applied. */
export function canDo(state: GroupState | null, author: AccountId, operation: GroupOperation): boolean {
  if (operation.type === 'create') return state === null && canCreate(author, operation.name, operation.members);
  const member = state?.members.get(author);
  if (!state || !member || state.moved) return false;
  const admin = member.role === 'admin';
  switch (operation.type) {
    case 'add':
      return hasRank(member.role, state.policy.add) && canAdd(state, operation.members);
    case 'remove': {
      const role = state.members.get(operation.accountId)?.role;
      if (role === undefined || operation.accountId === author) return false;
      return admin || (member.role === 'moderator' && role === 'member');
    }
    case 'leave':
      return !admin || state.members.size === 1 || hasOtherAdmin(state, author);
    case 'setRole': {
      const role = state.members.get(operation.accountId)?.role;
      if (!admin || role === undefined || role === operation.role) return false;
      return role !== 'admin' || hasOtherAdmin(state, operation.accountId);
    }
    case 'rename':
      return hasRank(member.role, state.policy.edit) && isGroupName(operation.name) && operation.name !== state.name;
    case 'policy':
      return admin && !samePolicy(state.policy, operation.policy);
    case 'rotate':
      return true;
    case 'rekey':
      return state.members.has(operation.accountId);
    case 'moved':
      return admin && !equalBytes(operation.newGroupId, state.groupId);
  }
}
