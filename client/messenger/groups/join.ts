/**
 * From a welcome to a group: its log read from the first slot, ending at or leading through the head that the welcome names, with me in it
 * (E14). A welcome that says that the group goes on from one of mine is judged by that one's state as it is known here (G19).
 */
import {
  applyLogSlot,
  compareHead,
  CryptoError,
  type EpochLogKey,
  epochCommitment,
  equalBytes,
  fromBase64url,
  type GroupState,
  recoverEpochs,
} from '../../../crypto/index.ts';
import type { AccountId, ConversationId, SystemEvent } from '../api.ts';
import type { Conversations } from '../conversations.ts';
import { accountIn, type Core } from '../core.ts';
import type { GroupRecord, Moved, Welcome } from '../state.ts';
import type { Step } from '../step.ts';
import { follow } from './follow.ts';
import { keysOf, newRecord, stateOf } from './group-values.ts';
import { isHidden, type LogClient } from './log-client.ts';
import { conversationOf, currentOf, judgeMove } from './moved.ts';
import { isTrusted } from './waiting.ts';

export type JoinParts = {
  core: Core;
  log: LogClient;
  conversations: Conversations;
  /** Names for members nobody here has met. */
  meet(state: GroupState): void;
  changed(groupId: ConversationId): void;
  readmitted(groupId: ConversationId, who: readonly AccountId[]): void;
};

type Read = { record: GroupRecord; founder: AccountId };

export function createJoin({ core, log, conversations, meet, changed, readmitted }: JoinParts): (groupId: ConversationId) => Promise<void> {
  async function replay(groupId: ConversationId, welcome: Welcome): Promise<Read | null> {
    const id = fromBase64url(groupId);
    const own = await keysOf(groupId, welcome);
    const slots = await log.read(groupId, 0, own);
    const epochs = await recoverEpochs(id, slots, welcome.epoch, own.log, welcome.logHead);
    const commitment = epochCommitment(welcome.secret, id, welcome.epoch);
    const keyOf = (epoch: number): EpochLogKey[] => {
      const known = epochs.get(epoch);
      return known ? [{ ...known, confirmed: true }] : [];
    };
    let state: GroupState | null = null;
    let founder: AccountId | undefined;
    for (const slot of slots) {
      const next = await applyLogSlot(state, id, slot, keyOf);
      if (!next) break;
      state = next.state;
      founder ??= next.applied?.author;
    }
    if (!state || !founder || compareHead(state, welcome.logVersion, welcome.logHead) !== 'same') return null;
    if (state.epoch !== welcome.epoch || !equalBytes(state.epochCommitment, commitment)) return null;
    if (!state.members.has(core.account().accountId)) return null;
    // Who was in the group before is shown how it went on from there, and not the time before he left.
    const before = core.read.get('groups', groupId);
    const known = before && stateOf(before);
    if (known && ['ahead', 'differs'].includes(compareHead(state, known.version, known.headHash))) return null;
    const { epoch, secret } = welcome;
    return { founder, record: newRecord(state, { epoch, secret }) };
  }

  async function joinOnce(groupId: ConversationId): Promise<void> {
    const welcome = core.read.get('welcomes', groupId);
    if (!welcome) return;
    const found = await replay(groupId, welcome).catch((error: unknown) => {
      if (error instanceof CryptoError || isHidden(error)) return null;
      throw error;
    });
    await core.step((step) => (found ? enter(step, groupId, found, welcome) : refuse(step, groupId, welcome)));
  }

  function refuse(step: Step, groupId: ConversationId, welcome: Welcome): void {
    const now = step.get('welcomes', groupId);
    if (!now) return;
    // A stranger's is no concern of anybody's, and not asked for again; unless he is in a group of mine, and says that it goes on there.
    if (!isTrusted(step, welcome.from) && !isFellow(step, welcome)) return step.remove('welcomes', groupId);
    if (welcome.alarmed) return;
    step.put('welcomes', groupId, { ...now, alarmed: true });
    conversations.event(step, welcome.from, { event: 'relay-misbehaved', what: 'group-log' }, welcome.from);
  }

  function isFellow(step: Step, { from, moved }: Welcome): boolean {
    const old = moved && currentOf(step, moved.groupId);
    return old?.state.members.has(from) ?? false;
  }

  async function enter(step: Step, groupId: ConversationId, found: Read, welcome: Welcome): Promise<void> {
    const { moved } = welcome;
    step.remove('welcomes', groupId);
    const verdict = moved ? await judgeMove(step, { groupId, moved, founder: found.founder }) : 'none';
    if (verdict === 'refused') return;
    if (verdict === 'none' || !moved) join(step, groupId, found.record, welcome);
    else goOn(step, groupId, found.record, moved, verdict.author);
    step.after(() => {
      meet(stateOf(found.record));
      changed(groupId);
    });
  }

  function join(step: Step, groupId: ConversationId, record: GroupRecord, welcome: Welcome): void {
    const me = accountIn(step).accountId;
    const state = stateOf(record);
    // Whoever hands out keys without being a member has no say in who may write to me.
    const adder: AccountId = welcome.from;
    const trusted = adder === me || (state.members.has(adder) && isTrusted(step, adder));
    const follows = step.get('groups', groupId)?.follows;
    step.put('groups', groupId, { ...record, ...(follows && { follows }), requestFrom: trusted ? null : adder });
    const id = conversationOf(step, groupId);
    conversations.ensure(step, id, 'group');
    const founding: SystemEvent = { event: 'group-created', by: adder, name: state.name };
    conversations.event(step, id, state.version === 1 ? founding : { event: 'member-added', by: adder, who: [me] }, adder);
  }

  function goOn(step: Step, groupId: ConversationId, record: GroupRecord, moved: Moved, author: AccountId): void {
    const followed = follow(step, conversations, groupId, record, moved, author);
    if (followed.readmitted.length > 0) step.after(() => readmitted(groupId, followed.readmitted));
  }

  return joinOnce;
}
