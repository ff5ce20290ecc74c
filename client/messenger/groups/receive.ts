/** A group envelope: which epoch, which sender key, was the sender a member, and is the log he saw the log we see (D3, D5). */
import {
  type ContentHeader,
  CryptoError,
  equalBytes,
  fromBase64url,
  groupDecrypt,
  hasRank,
  matchesHint,
  openGroup,
  parseContent,
  peekSenderKeyMessage,
  requireContext,
  type SealedMessage,
  toBase64url,
  wasMember,
} from '../../../crypto/index.ts';
import type { GroupState } from '../../../crypto/index.ts';
import { parseBody } from '../../content/body.ts';
import type { AccountId, ConversationId, Message } from '../api.ts';
import type { Conversations } from '../conversations.ts';
import { accountIn } from '../core.ts';
import { noteCounter } from '../counters.ts';
import type { Directory } from '../directory.ts';
import type { Gaps } from '../gaps.ts';
import type { Taken } from '../inbox.ts';
import { MAX_RECEIPT_MEMBERS, type Receipts } from '../receipts.ts';
import { isListed, personOf } from '../person.ts';
import { deviceKey, type GroupRecord, type GroupSender } from '../state.ts';
import type { Step } from '../step.ts';
import { keysOf, stateOf } from './group-values.ts';
import type { Tried } from './held.ts';
import { conversationOf, groupOf, isLateMember } from './moved.ts';
import type { Sync } from './sync.ts';

export type ReceiveParts = { directory: Directory; conversations: Conversations; receipts: Receipts; gaps: Gaps; sync: Sync };

export type GroupReceiver = {
  open(step: Step, envelope: Taken): Promise<Tried>;
};

type Found = { groupId: string; epoch: number; sealed: SealedMessage };

export function senderKeyName(groupId: string, device: string): string {
  return `${groupId} ${device}`;
}

export function createGroupReceiver({ directory, conversations, receipts, gaps, sync }: ReceiveParts): GroupReceiver {
  async function find(step: Step, body: Taken['body']): Promise<Found | null> {
    for (const [groupId, record] of step.all('groups')) {
      for (const epoch of [...record.epochs, ...record.pending].reverse()) {
        const keys = await keysOf(groupId, epoch);
        if (matchesHint(keys, body)) return { groupId, epoch: epoch.epoch, sealed: await openGroup(keys, body) };
      }
    }
    return null;
  }

  /** D5 "Late and stale": a member, or one who was and whose removal nobody has told me of when this came. */
  function requireSender(record: GroupRecord, state: GroupState, from: AccountId, epoch: number): void {
    const fail = (): never => {
      throw new CryptoError('not-allowed');
    };
    if (!wasMember(state, from, epoch)) fail();
    const member = state.members.get(from);
    if (member) {
      if (!hasRank(member.role, state.policy.post)) fail();
      return;
    }
    const former = state.former.get(from);
    if (!former || record.noticedEpoch > former.leftEpoch) fail();
  }

  async function show(step: Step, groupId: ConversationId, record: GroupRecord, header: ContentHeader): Promise<void> {
    const body = parseBody(header.body);
    if (body?.kind !== 'text' && body?.kind !== 'unknown') return;
    const from = header.from.accountId;
    const me = accountIn(step).accountId;
    const id = toBase64url(header.messageId);
    const conversation = conversationOf(step, groupId);
    const shown: Message['body'] = body.kind === 'text' ? { kind: 'text', text: body.text } : { kind: 'unknown' };
    conversations.ensure(step, conversation, 'group');
    if (!(await step.find(conversation, id, from))) {
      conversations.append(step, conversation, {
        id,
        from,
        sentAt: header.sentAt,
        body: shown,
        ...(from === me && { status: 'sent' as const }),
      });
    }
    const tells = record.requestFrom === null && stateOf(record).members.size <= MAX_RECEIPT_MEMBERS;
    if (from !== me && tells && step.get('contacts', from)?.standing !== 'blocked')
      receipts.owe(step, from, groupOf(step, groupId), 'delivered', [id]);
  }

  function compareLists(step: Step, header: ContentHeader): void {
    const { accountId } = header.from;
    const person = personOf(step, accountId);
    if (!person || accountId === accountIn(step).accountId) return;
    const { version, hash } = header.deviceList;
    if (version === person.deviceList.version && !equalBytes(hash, person.deviceList.hash)) {
      directory.alarm(step, accountId, 'misbehaved', `list ${version} ${toBase64url(hash)}`);
    }
    if (version > person.deviceList.version) step.after(() => void directory.refresh(accountId).catch(() => undefined));
  }

  return {
    async open(step, envelope) {
      const found = await find(step, envelope.body);
      if (!found) return { hold: null };
      const { groupId, epoch, sealed } = found;
      const record = step.get('groups', groupId);
      const from = { accountId: sealed.fromAccount, deviceId: sealed.fromDevice };
      const account = accountIn(step);
      const isLate = isLateMember(step, groupId, from.accountId);
      if (!record || (record.standing !== 'member' && !isLate)) throw new CryptoError('not-allowed');
      if (from.accountId === account.accountId && from.deviceId === account.deviceId) throw new CryptoError('wrong-context');
      const state = stateOf(record);
      const device = deviceKey(from.accountId, from.deviceId);
      const name = senderKeyName(groupId, device);
      const sender: GroupSender | undefined = step.get('groupSenders', name);
      const distribution = toBase64url(peekSenderKeyMessage(sealed.message).distributionId);
      const states = sender?.states.find((one) => one.distribution === distribution);
      if (!sender || !states) return { hold: groupId };
      const decrypted = await groupDecrypt(states.states, sealed.message);
      const header = parseContent(decrypted.plaintext);
      requireContext(header, { from, to: { groupId: fromBase64url(groupId), epoch } });
      if (!('groupId' in header.to)) throw new CryptoError('wrong-kind');
      // Judged by the log the sender saw, not by an older one; the sender key stays where it was until then.
      const head = { by: from.accountId, version: header.to.logVersion, hash: header.to.logHead };
      if (!isLate && sync.hear(step, groupId, head) === 'ahead') return { hold: groupId };
      requireSender(record, state, from.accountId, epoch);
      const person = personOf(step, from.accountId);
      if (!person || !isListed(person, from.deviceId)) throw new CryptoError('not-allowed');
      const noted = noteCounter(sender.received, header.counter);
      const others = sender.states.filter((one) => one !== states);
      step.put('groupSenders', name, { received: noted.received, states: [...others, { distribution, states: decrypted.states }] });
      await gaps.note(step, conversationOf(step, groupId), device, from.accountId, noted);
      compareLists(step, header);
      await show(step, groupId, step.get('groups', groupId) ?? record, header);
      return 'done';
    },
  };
}
