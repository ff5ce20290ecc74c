/** What a person does in a conversation. */
import { fromBase64url } from '../../crypto/index.ts';
import { isSendableText, messageIdSchema } from '../content/body.ts';
import * as v from 'valibot';
import { type ConversationId, Failure, type MessageId } from './api.ts';
import type { Conversations } from './conversations.ts';
import { accountIn, type Core } from './core.ts';
import { stateOf } from './groups/group-values.ts';
import { currentOf, groupOf } from './groups/moved.ts';
import type { Outbox } from './outbox.ts';
import { recipientDevices } from './person.ts';
import { personOf } from './person.ts';
import { MAX_RECEIPT_MEMBERS, type Receipts } from './receipts.ts';
import type { ConversationRecord } from './state.ts';
import type { Step } from './step.ts';

// A draft is a message to be.
const MAX_DRAFT_CHARACTERS = 20_000;

// Read receipts owed by one glance: what was read before was read before.
const MAX_READ_ROWS = 512;

export type Messages = {
  sendText(conversationId: ConversationId, text: string, id: MessageId): Promise<void>;
  retry(conversationId: ConversationId, id: MessageId): Promise<void>;
  deleteForMe(conversationId: ConversationId, ids: readonly MessageId[]): Promise<void>;
  markRead(conversationId: ConversationId, upTo: number): Promise<void>;
  setDraft(conversationId: ConversationId, draft: string): Promise<void>;
  deleteConversation(conversationId: ConversationId): Promise<void>;
};

const REFUSALS = {
  left: 'not-a-member',
  removed: 'not-a-member',
  blocked: 'not-allowed',
  request: 'not-allowed',
  'identity-change': 'identity-changed',
} as const;

export function createMessages(core: Core, conversations: Conversations, outbox: Outbox, receipts: Receipts): Messages {
  function recordOf(step: Step, id: ConversationId): ConversationRecord {
    const record = step.get('conversations', id);
    if (!record) throw new Failure('no-such-account');
    return record;
  }

  function requireSendable(id: ConversationId): void {
    const whyNot = conversations.view(id)?.whyNot;
    if (whyNot) throw new Failure(REFUSALS[whyNot]);
  }

  function hasOtherDevices(step: Step): boolean {
    const self = personOf(step, accountIn(step).accountId);
    return self !== undefined && recipientDevices(step, self).length > 0;
  }

  async function post(step: Step, record: ConversationRecord, id: MessageId, text: string, sentAt: number): Promise<void> {
    const me = accountIn(step).accountId;
    const row = { conversationId: record.id, id };
    const body = { kind: 'text', version: 1, text } as const;
    const copy = { kind: 'sent-copy', version: 1, to: record.id, messageId: id, sentAt, text } as const;
    if (record.kind === 'group') {
      await outbox.add(step, { to: { groupId: groupOf(step, record.id) }, messageId: id, sentAt, body, row });
    } else if (record.kind === 'self') {
      await outbox.add(step, { to: { accountId: me, only: null }, sentAt, body: copy, row });
    } else {
      await outbox.add(step, { to: { accountId: record.id, only: null }, messageId: id, sentAt, body, row });
      if (hasOtherDevices(step)) await outbox.add(step, { to: { accountId: me, only: null }, sentAt, body: copy });
    }
  }

  return {
    async sendText(conversationId, text, id) {
      if (!isSendableText(text)) throw new Failure('too-large');
      if (!v.is(messageIdSchema, id) || fromBase64url(id).length !== 16) throw new Failure('broken');
      await core.step(async (step) => {
        requireSendable(conversationId);
        const record = recordOf(step, conversationId);
        const me = accountIn(step).accountId;
        if (await step.find(conversationId, id, me)) return;
        const sentAt = core.now();
        conversations.append(step, conversationId, { id, from: me, sentAt, body: { kind: 'text', text } });
        await post(step, recordOf(step, record.id), id, text, sentAt);
      });
    },
    async retry(conversationId, id) {
      await core.step(async (step) => {
        requireSendable(conversationId);
        const message = await conversations.mine(step, conversationId, id);
        if (message?.status !== 'failed' || message.body.kind !== 'text') return;
        const { failure: _, ...rest } = message;
        conversations.update(step, { ...rest, status: 'pending', receivedAt: core.now() });
        const record = recordOf(step, conversationId);
        const settledBelow = Math.min(record.settledBelow ?? 0, message.position);
        step.put('conversations', conversationId, { ...record, settledBelow });
        await post(step, recordOf(step, conversationId), id, message.body.text, message.sentAt);
      });
    },
    async deleteForMe(conversationId, ids) {
      const wanted = new Set(ids);
      await core.step(async (step) => {
        const record = recordOf(step, conversationId);
        const gone: MessageId[] = [];
        for (let position = record.nextPosition - 1; position >= 0 && wanted.size > gone.length; position--) {
          const row = await step.message(conversationId, position);
          if (!row || !wanted.has(row.id)) continue;
          step.removeMessage({ conversationId, position });
          gone.push(row.id);
        }
        if (record.last && wanted.has(record.last.id)) {
          step.put('conversations', conversationId, { ...recordOf(step, conversationId), last: null });
          conversations.show(step, conversationId);
        }
        step.after(() => core.emit({ type: 'messages-gone', conversationId, ids: gone }));
      });
    },
    async markRead(conversationId, upTo) {
      await core.step(async (step) => {
        const record = recordOf(step, conversationId);
        const end = Math.min(upTo, record.nextPosition - 1);
        if (end <= record.readUpTo) return;
        const { accountId, settings } = accountIn(step);
        const byAuthor = new Map<string, MessageId[]>();
        let lastId: MessageId | null = null;
        for (let position = Math.max(record.readUpTo + 1, end - MAX_READ_ROWS); position <= end; position++) {
          const row = await step.message(conversationId, position);
          if (!row) continue;
          lastId = row.id;
          if (row.from !== accountId && row.body.kind !== 'system') byAuthor.set(row.from, [...(byAuthor.get(row.from) ?? []), row.id]);
        }
        let unread = 0;
        let firstUnread: MessageId | null = null;
        for (let position = end + 1; position < record.nextPosition; position++) {
          const row = await step.message(conversationId, position);
          if (!row || row.mine || row.body.kind === 'system') continue;
          unread++;
          firstUnread ??= row.id;
        }
        step.put('conversations', conversationId, { ...record, readUpTo: end, unread, firstUnread });
        conversations.show(step, conversationId);
        const groupId = groupOf(step, conversationId);
        const group = record.kind === 'group' ? step.get('groups', groupId) : undefined;
        const tells = group ? group.requestFrom === null && stateOf(group).members.size <= MAX_RECEIPT_MEMBERS : true;
        for (const [author, ids] of byAuthor) {
          if (!settings.readReceipts || !tells) break;
          if (!group && step.get('contacts', author)?.standing !== 'accepted') continue;
          receipts.owe(step, author, group ? groupId : null, 'read', ids);
        }
        if (lastId && hasOtherDevices(step)) {
          const body = { kind: 'read-sync', version: 1, conversationId, messageId: lastId } as const;
          await outbox.add(step, { to: { accountId, only: null }, body });
        }
      });
    },
    async setDraft(conversationId, draft) {
      await core.step((step) => {
        const record = recordOf(step, conversationId);
        step.put('conversations', conversationId, { ...record, draft: draft.slice(0, MAX_DRAFT_CHARACTERS) });
        conversations.show(step, conversationId);
      });
    },
    async deleteConversation(conversationId) {
      await core.step((step) => {
        const record = recordOf(step, conversationId);
        if (record.kind === 'group' && currentOf(step, conversationId)) throw new Failure('not-allowed');
        conversations.remove(step, conversationId);
        for (const [key, gap] of [...step.all('gaps')]) if (gap.conversationId === conversationId) step.remove('gaps', key);
      });
    },
  };
}
