/**
 * Leaving a jammed log (G19): an admin founds the group anew, with the same name, rules and roles and everybody but who is to go, and tells
 * each member's devices pairwise, with his signed `moved` of the old log. The log itself cannot say so: nobody could read it there.
 */
import {
  applyGroupEntry,
  epochCommitment,
  FIRST_EPOCH,
  fromBase64url,
  type GroupOperation,
  type GroupState,
  type MemberRecord,
  sealLogEntry,
  signGroupOperation,
  toBase64url,
} from '../../../crypto/index.ts';
import type { Bytes } from '../../../crypto/index.ts';
import { type AccountId, Failure } from '../api.ts';
import type { Conversations } from '../conversations.ts';
import type { Core } from '../core.ts';
import type { Outbox } from '../outbox.ts';
import { personOf } from '../person.ts';
import type { Moved } from '../state.ts';
import { follow } from './follow.ts';
import { keysOf, newRecord, otherMembers, stateOf } from './group-values.ts';
import type { LogClient } from './log-client.ts';
import { currentOf } from './moved.ts';
import { updateOf } from './news.ts';

export type MoveParts = {
  core: Core;
  log: LogClient;
  conversations: Conversations;
  outbox: Outbox;
  /** These are back only because two admins moved the group at once. */
  readmitted(groupId: string, who: readonly AccountId[]): void;
};

/** Everybody goes along but `without`. */
export type Move = (groupId: string, without?: AccountId) => Promise<void>;

export function createMove({ core, log, conversations, outbox, readmitted }: MoveParts): Move {
  const author = () => ({ accountId: core.account().accountId, identityPrivateKey: core.account().identity.privateKey });

  /** As the old log has them; where somebody's identity was renewed since, as he is known here. */
  function memberRecords(state: GroupState, without: AccountId | undefined): MemberRecord[] {
    return [...state.members].flatMap(([accountId, { genesis, rotations }]) => {
      if (accountId === without) return [];
      const known = personOf(core.read, accountId)?.rotations ?? [];
      const latest = known.length > rotations.length ? known : rotations;
      return [{ genesis, ...(latest.length > 0 && { rotations: latest }) }];
    });
  }

  /** At the relay, and complete, before anybody hears of it. */
  async function found(id: Bytes, secret: Bytes, old: GroupState, without: AccountId | undefined): Promise<GroupState> {
    const groupId = toBase64url(id);
    const keys = await keysOf(groupId, { epoch: FIRST_EPOCH, secret });
    const commitment = epochCommitment(secret, id, FIRST_EPOCH);
    const founding = { type: 'create', name: old.name, policy: old.policy, members: memberRecords(old, without), commitment } as const;
    let state: GroupState | null = null;
    async function add(operation: GroupOperation): Promise<GroupState> {
      const entry = await signGroupOperation(author(), id, state, operation, core.random);
      const slot = await sealLogEntry(keys.log, id, FIRST_EPOCH, state?.version ?? 0, entry, null, core.random);
      if (state) await log.append(groupId, state.version, keys, slot, null);
      else await log.create(groupId, keys, slot);
      const { state: next, applied } = await applyGroupEntry(state, entry, id);
      if (!applied) throw new Failure('broken');
      return next;
    }
    state = await add(founding);
    for (const [accountId, { role }] of old.members) {
      if (accountId === without || role === 'member' || accountId === author().accountId) continue;
      state = await add({ type: 'setRole', accountId, role });
    }
    return state;
  }

  return async (oldId, without) => {
    const before = core.read.get('groups', oldId);
    if (before?.standing !== 'member') return;
    const old = stateOf(before);
    const [id, secret] = [core.random(32), core.random(32)];
    const groupId = toBase64url(id);
    const entry = await signGroupOperation(author(), fromBase64url(oldId), old, { type: 'moved', newGroupId: id }, core.random);
    const state = await found(id, secret, old, without);
    const follows: Moved = { groupId: oldId, entry };
    await core.step(async (step) => {
      // Another admin's move may have been followed, or one may have been removed, while the relay was asked.
      if (!currentOf(step, oldId)) throw new Failure('not-a-member');
      const me = author().accountId;
      const { isHere, readmitted: back } = follow(
        step,
        conversations,
        groupId,
        newRecord(state, { epoch: FIRST_EPOCH, secret }),
        follows,
        me,
      );
      if (!isHere) return;
      const body = updateOf(groupId, step.get('groups', groupId) ?? before, state, true);
      for (const accountId of [...otherMembers(state, me), me]) {
        await outbox.add(step, { to: { accountId, only: null }, body, bulk: true });
      }
      for (const accountId of otherMembers(old, me).filter((member) => !state.members.has(member))) {
        await outbox.add(step, { to: { accountId, only: null }, body: { kind: 'group-removed', version: 1, groupId: oldId } });
      }
      step.after(() => {
        outbox.kick();
        if (back.length > 0) readmitted(groupId, back);
      });
    });
  };
}
