/** What an authentic pairwise message does. Everything in one step, with the session that decrypted it. */
import { CryptoError, toBase64url } from '../../crypto/index.ts';
import { type ContentBody, parseBody, type ParsedBody } from '../content/body.ts';
import type { Message } from './api.ts';
import type { Conversations } from './conversations.ts';
import { accountIn, type Core } from './core.ts';
import { type DeliveryTokens, keepToken } from './delivery-token.ts';
import type { Gaps } from './gaps.ts';
import type { Heal } from './heal.ts';
import type { Authentic } from './open-pairwise.ts';
import type { Receipts } from './receipts.ts';
import { type ContactRecord, deviceKey } from './state.ts';
import type { Step } from './step.ts';

export type GroupControl = ContentBody & { kind: 'group-update' | 'sender-key' | 'group-ask' | 'group-removed' };

export type ApplyParts = {
  core: Core;
  conversations: Conversations;
  receipts: Receipts;
  gaps: Gaps;
  heal: Heal;
  deliveryTokens: DeliveryTokens;
  control(step: Step, from: Authentic['from'], body: GroupControl): Promise<void>;
  groupReceipt(step: Step, from: Authentic['from'], body: ContentBody & { kind: 'receipt' }): Promise<void>;
};

export type Apply = (step: Step, message: Authentic) => Promise<void>;

// What a stranger may begin with; anything else leaves no trace (ATTACKS 22).
const OPENERS: ReadonlySet<ParsedBody['kind']> = new Set(['text', 'unknown', 'group-update', 'sender-key']);

export function createApply({ core, conversations, receipts, gaps, heal, deliveryTokens, control, groupReceipt }: ApplyParts): Apply {
  async function show(step: Step, message: Authentic, contact: ContactRecord, body: Message['body']): Promise<void> {
    if (contact.standing === 'blocked') return;
    const { accountId } = contact;
    if (contact.standing === 'known') step.put('contacts', accountId, { ...contact, standing: 'request' });
    conversations.ensure(step, accountId, 'direct');
    const id = toBase64url(message.header.messageId);
    if (!(await step.find(accountId, id, accountId))) {
      conversations.append(step, accountId, { id, from: accountId, sentAt: message.header.sentAt, body });
    }
    // Said again for a message already here: the sender did not hear it the first time.
    if (contact.standing === 'accepted') receipts.owe(step, accountId, null, 'delivered', [id]);
  }

  async function ownCopy(step: Step, body: ContentBody & { kind: 'sent-copy' }): Promise<void> {
    const me = accountIn(step).accountId;
    if (body.to !== me && !step.get('contacts', body.to)) return;
    conversations.ensure(step, body.to, body.to === me ? 'self' : 'direct');
    const contact = step.get('contacts', body.to);
    if (contact && contact.standing !== 'blocked') step.put('contacts', body.to, { ...contact, standing: 'accepted' });
    if (await step.find(body.to, body.messageId, me)) return;
    const row = { id: body.messageId, from: me, sentAt: body.sentAt, body: { kind: 'text', text: body.text }, status: 'sent' } as const;
    conversations.append(step, body.to, row);
  }

  async function ownRead(step: Step, body: ContentBody & { kind: 'read-sync' }): Promise<void> {
    const record = step.get('conversations', body.conversationId);
    if (!record) return;
    for (let position = record.nextPosition - 1; position > record.readUpTo; position--) {
      const row = await step.message(record.id, position);
      if (row?.id !== body.messageId) continue;
      const all = position === record.nextPosition - 1;
      step.put('conversations', record.id, { ...record, readUpTo: position, ...(all && { unread: 0, firstUnread: null }) });
      conversations.show(step, record.id);
      return;
    }
  }

  async function fromOwnDevice(step: Step, message: Authentic, body: ParsedBody): Promise<void> {
    switch (body.kind) {
      case 'sent-copy':
        return ownCopy(step, body);
      case 'read-sync':
        return ownRead(step, body);
      case 'group-update':
      case 'sender-key':
      case 'group-ask':
      case 'group-removed':
        return control(step, message.from, body);
      case 'delivery-token':
        return deliveryTokens.adopt(step, body);
      case 'resend-request':
        return heal.answer(step, message.from, body.received);
      default:
        return;
    }
  }

  async function fromContact(step: Step, message: Authentic, body: ParsedBody, contact: ContactRecord): Promise<void> {
    switch (body.kind) {
      case 'text':
        return show(step, message, contact, { kind: 'text', text: body.text });
      case 'unknown':
        return show(step, message, contact, { kind: 'unknown' });
      case 'receipt':
        if (body.groupId) return groupReceipt(step, message.from, body);
        if (body.deliveryToken) keepToken(step, contact.accountId, body.deliveryToken);
        return receipts.apply(step, contact.accountId, body, null);
      case 'group-update':
      case 'sender-key':
      case 'group-ask':
      case 'group-removed':
        return control(step, message.from, body);
      case 'resend-request':
        if (contact.standing === 'blocked') return;
        return heal.answer(step, message.from, body.received);
      default:
        return;
    }
  }

  return async (step, message) => {
    const body = parseBody(message.header.body);
    const me = accountIn(step).accountId;
    const { accountId, deviceId } = message.from;
    if (accountId === me) {
      if (body) await fromOwnDevice(step, message, body);
      return;
    }
    const contact = step.get('contacts', accountId);
    if (!contact) throw new CryptoError('not-allowed');
    const isStranger = core.read.get('contacts', accountId) === undefined;
    if (isStranger && (!body || !OPENERS.has(body.kind))) throw new CryptoError('not-allowed');
    await gaps.note(step, accountId, deviceKey(accountId, deviceId), accountId, message.noted);
    if (body) await fromContact(step, message, body, contact);
  };
}
