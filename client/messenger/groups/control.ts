/** What members tell each other pairwise about a group: where its log stands, secrets of epochs, sender keys, the end of one's membership. */
import {
  acceptDistribution,
  canDo,
  distributionIdOf,
  epochCommitment,
  equalBytes,
  fromBase64url,
  toBase64url,
} from '../../../crypto/index.ts';
import type { AccountId, ConversationId } from '../api.ts';
import type { GroupControl } from '../apply.ts';
import type { Conversations } from '../conversations.ts';
import { accountIn, type Core } from '../core.ts';
import type { Outbox } from '../outbox.ts';
import { deviceKey, type GroupRecord } from '../state.ts';
import type { Step } from '../step.ts';
import { encodeBody, parseBody } from '../../content/body.ts';
import { stateOf } from './group-values.ts';
import { conversationOf, currentOf, isLateMember } from './moved.ts';
import { updateOf } from './news.ts';
import { senderKeyName } from './receive.ts';
import type { Sync } from './sync.ts';
import { isTrusted, makeRoom } from './waiting.ts';

// Secrets that somebody claims to be an epoch's, until the log says which one is.
const MAX_PENDING = 8;

// Sender keys of one device kept: the present one and those of messages still under way.
const MAX_DISTRIBUTIONS = 4;

type Device = { accountId: AccountId; deviceId: number };
type SenderKeyBody = GroupControl & { kind: 'sender-key' };
type WithSecret = GroupControl & { kind: 'group-update' | 'sender-key' };

export type Control = {
  apply(step: Step, from: Device, body: GroupControl): Promise<void>;
  /** After joining, and after any entry: what came before its group, or before its sender was a member. */
  early(step: Step, groupId: ConversationId): Promise<void>;
};

export type ControlParts = { core: Core; conversations: Conversations; outbox: Outbox; sync: Sync; retryHeld(step: Step): Promise<void> };

export function createControl({ core, conversations, outbox, sync, retryHeld }: ControlParts): Control {
  function keepEarly(step: Step, from: Device, body: WithSecret): void {
    const key = `${body.groupId} ${deviceKey(from.accountId, from.deviceId)} ${body.kind}`;
    step.put('earlyKeys', key, { from: from.accountId, deviceId: from.deviceId, body: encodeBody(body), at: core.now() });
    makeRoom(step, 'earlyKeys', core.now());
  }

  function welcome(step: Step, from: Device, body: WithSecret): void {
    if (!body.secret) return;
    const known = step.get('welcomes', body.groupId);
    // The later head wins: an earlier one may name an epoch that is over. No stranger's, though, over a contact's.
    const preferred =
      !known ||
      (isTrusted(step, known.from) === isTrusted(step, from.accountId)
        ? known.logVersion <= body.logVersion
        : isTrusted(step, from.accountId));
    if (preferred) {
      const { logVersion, epoch } = body;
      const secret = fromBase64url(body.secret);
      step.put('welcomes', body.groupId, {
        from: from.accountId,
        logVersion,
        logHead: fromBase64url(body.logHead),
        epoch,
        secret,
        alarmed: false,
        at: core.now(),
        ...(body.moved && { moved: { groupId: body.moved.groupId, entry: fromBase64url(body.moved.entry) } }),
      });
      makeRoom(step, 'welcomes', core.now());
    }
    if (body.kind === 'sender-key') keepEarly(step, from, body);
    step.after(() => void sync.join(body.groupId).catch(() => undefined));
  }

  /** Beyond the bound the oldest of whoever sent most go, so that no member pushes out what another said. */
  function bounded(pending: GroupRecord['pending']): GroupRecord['pending'] {
    if (pending.length <= MAX_PENDING) return pending;
    const most = [...Map.groupBy(pending, ({ by }) => by).values()].reduce((largest, one) => (one.length > largest.length ? one : largest));
    return bounded(pending.filter((one) => one !== most[0]));
  }

  function learnSecret(record: GroupRecord, groupId: ConversationId, body: WithSecret, by: AccountId): GroupRecord {
    if (!body.secret || record.epochs.some(({ epoch }) => epoch === body.epoch)) return record;
    const state = stateOf(record);
    const secret = fromBase64url(body.secret);
    if (body.epoch < state.epoch) return record;
    if (body.epoch === state.epoch) {
      const right = equalBytes(epochCommitment(secret, fromBase64url(groupId), body.epoch), state.epochCommitment);
      return right
        ? { ...record, epochs: [...record.epochs, { epoch: body.epoch, secret }], noticedEpoch: Math.max(record.noticedEpoch, body.epoch) }
        : record;
    }
    if (record.pending.some((one) => one.epoch === body.epoch && equalBytes(one.secret, secret))) return record;
    return { ...record, pending: bounded([...record.pending, { epoch: body.epoch, secret, by }]) };
  }

  function acceptKey(step: Step, from: Device, body: SenderKeyBody): void {
    const device = deviceKey(from.accountId, from.deviceId);
    const name = senderKeyName(body.groupId, device);
    const sender = step.get('groupSenders', name) ?? { states: [], received: { highest: body.sent, missing: [] } };
    const id = distributionIdOf(fromBase64url(body.groupId), body.epoch, from.accountId, from.deviceId, body.generation);
    const distribution = toBase64url(id);
    const known = sender.states.find((one) => one.distribution === distribution);
    const states = acceptDistribution(known?.states ?? null, fromBase64url(body.distribution));
    const others = sender.states.filter((one) => one !== known);
    step.put('groupSenders', name, { ...sender, states: [...others, { distribution, states }].slice(-MAX_DISTRIBUTIONS) });
  }

  /** The log cannot be read any more by who was removed: what counts is that the one who says so may remove. */
  function removed(step: Step, from: Device, groupId: ConversationId): void {
    const record = step.get('groups', groupId);
    const me = accountIn(step).accountId;
    if (record?.standing !== 'member') return;
    const operation = { type: 'remove', accountId: me, commitment: new Uint8Array(32) } as const;
    if (!canDo(stateOf(record), from.accountId, operation)) return;
    step.put('groups', groupId, { ...record, standing: 'removed' });
    step.remove('groupSending', groupId);
    step.remove('groupHolders', groupId);
    const id = conversationOf(step, groupId);
    conversations.event(step, id, { event: 'member-removed', by: from.accountId, who: me }, from.accountId);
    conversations.show(step, id);
  }

  const isMember = (step: Step, record: GroupRecord, { accountId }: Device): boolean =>
    accountId === accountIn(step).accountId || stateOf(record).members.has(accountId);

  function takeIn(step: Step, from: Device, body: WithSecret, reads: boolean): void {
    const record = step.get('groups', body.groupId);
    if (!record) return;
    const learned = learnSecret(record, body.groupId, body, from.accountId);
    if (learned !== record) step.put('groups', body.groupId, learned);
    // A secret for an epoch whose entry is here already opens what was held; one for a later epoch lets the log be read.
    if (!reads && learned.pending.length > 0) step.after(() => void sync.group(body.groupId).catch(() => undefined));
    if (body.kind === 'sender-key') acceptKey(step, from, body);
  }

  /** What a member's device lacks: the secret of a later epoch, or the group in which this one goes on. Nobody else gets an answer. */
  async function supply(step: Step, { accountId, deviceId }: Device, groupId: ConversationId, epoch: number): Promise<void> {
    const current = currentOf(step, groupId);
    if (!current?.state.members.has(accountId)) return;
    if (current.groupId === groupId && current.state.epoch <= epoch) return;
    const body = updateOf(current.groupId, current.record, current.state, true);
    if (body.secret) await outbox.add(step, { to: { accountId, only: [deviceId] }, body });
  }

  /** To a group that was moved: what still comes under its keys is read, and its sender told where it goes on. */
  async function late(step: Step, from: Device, body: WithSecret): Promise<void> {
    if (!isLateMember(step, body.groupId, from.accountId)) return;
    await supply(step, from, body.groupId, body.epoch);
    if (body.kind === 'sender-key') acceptKey(step, from, body);
    await retryHeld(step);
  }

  async function apply(step: Step, from: Device, body: GroupControl): Promise<void> {
    if (body.kind === 'group-removed') return removed(step, from, body.groupId);
    if (body.kind === 'group-ask') return supply(step, from, body.groupId, body.epoch);
    const record = step.get('groups', body.groupId);
    if (record?.standing === 'moved') return late(step, from, body);
    const isStranger = step.get('contacts', from.accountId)?.standing === 'blocked';
    if (record?.standing !== 'member') {
      // A blocked contact may still be an admin of a group of mine.
      if (!isStranger || (body.moved && currentOf(step, body.moved.groupId))) welcome(step, from, body);
      return;
    }
    // Anybody may know a group's id. A newcomer's key waits for the entry that makes him a member; its author tells of that.
    if (!isMember(step, record, from)) {
      if (!isStranger && body.secret) keepEarly(step, from, body);
      return;
    }
    const head = { by: from.accountId, version: body.logVersion, hash: fromBase64url(body.logHead) };
    const heard = sync.hear(step, body.groupId, head);
    takeIn(step, from, body, heard === 'ahead');
    await retryHeld(step);
  }

  return {
    apply,
    async early(step, groupId) {
      const record = step.get('groups', groupId);
      for (const [key, early] of [...step.all('earlyKeys')]) {
        const from = { accountId: early.from, deviceId: early.deviceId };
        if (!key.startsWith(`${groupId} `) || (record && !isMember(step, record, from))) continue;
        step.remove('earlyKeys', key);
        const body = parseBody(early.body);
        if (body?.kind === 'sender-key' || body?.kind === 'group-update') takeIn(step, from, body, false);
      }
    },
  };
}
