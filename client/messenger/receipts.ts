/**
 * Delivered and read (D8): made after a message is stored, for accepted contacts alone, collected for a moment whose length is chance, so
 * that neither a probe nor a watcher of traffic learns when a device took something in (ATTACKS 22, 23).
 */
import type { ContentBody } from '../content/body.ts';
import { MAX_RECEIPT_IDS } from '../content/limits.ts';
import type { AccountId, ConversationId, MessageId } from './api.ts';
import type { Conversations } from './conversations.ts';
import { accountIn, type Core } from './core.ts';
import { tokenToGive } from './delivery-token.ts';
import type { Outbox } from './outbox.ts';
import type { StoredMessage } from './state.ts';
import type { Step } from './step.ts';

const MIN_DELAY_MS = 300;
const MAX_DELAY_MS = 1_500;

// In larger groups no receipts are sent (D8).
export const MAX_RECEIPT_MEMBERS = 64;

type Receipt = ContentBody & { kind: 'receipt' };

export type Receipts = {
  owe(step: Step, to: AccountId, groupId: ConversationId | null, what: 'delivered' | 'read', ids: readonly MessageId[]): void;
  /** Somebody's receipt for my messages. */
  apply(step: Step, from: AccountId, receipt: Receipt, members: readonly AccountId[] | null): Promise<void>;
  /** What was owed before a restart. */
  start(): void;
};

const SEPARATOR = ' ';

function keyOf(to: AccountId, groupId: ConversationId | null): string {
  return groupId === null ? to : `${to}${SEPARATOR}${groupId}`;
}

export function createReceipts(core: Core, conversations: Conversations, outbox: () => Outbox): Receipts {
  const timed = new Set<string>();

  async function flush(key: string): Promise<void> {
    timed.delete(key);
    await core.step(async (step) => {
      const owed = step.get('receipts', key);
      if (!owed) return;
      const [accountId, groupId] = key.split(SEPARATOR) as [AccountId, ConversationId | undefined];
      const delivered = owed.delivered.slice(0, MAX_RECEIPT_IDS);
      const read = owed.read.slice(0, MAX_RECEIPT_IDS);
      const rest = { delivered: owed.delivered.slice(MAX_RECEIPT_IDS), read: owed.read.slice(MAX_RECEIPT_IDS) };
      const deliveryToken = groupId ? undefined : tokenToGive(step, accountId);
      const body: Receipt = {
        kind: 'receipt',
        version: 1,
        ...(groupId && { groupId }),
        delivered,
        read,
        ...(deliveryToken && { deliveryToken }),
      };
      await outbox().add(step, { to: { accountId, only: null }, body });
      if (rest.delivered.length + rest.read.length === 0) {
        step.remove('receipts', key);
      } else {
        step.put('receipts', key, rest);
        step.after(() => schedule(key));
      }
    });
  }

  function schedule(key: string): void {
    if (timed.has(key)) return;
    timed.add(key);
    core.later(MIN_DELAY_MS + core.chance() * (MAX_DELAY_MS - MIN_DELAY_MS), () => {
      // A failed commit changed nothing: what is owed stays owed until the next receipt or start.
      flush(key).catch(() => undefined);
    });
  }

  function marked(message: StoredMessage, from: AccountId, what: 'delivered' | 'read', members: readonly AccountId[]): StoredMessage {
    const now = message.receipts ?? { delivered: [], read: [] };
    const add = (list: readonly AccountId[]): AccountId[] => (list.includes(from) ? [...list] : [...list, from]);
    const receipts = { delivered: add(now.delivered), read: what === 'read' ? add(now.read) : now.read };
    const others = members.filter((id) => id !== core.account().accountId);
    const all = (list: readonly AccountId[]): boolean => others.length > 0 && others.every((id) => list.includes(id));
    const status = all(receipts.read) ? 'read' : all(receipts.delivered) ? 'delivered' : message.status;
    // One way only.
    return { ...message, receipts, status: message.status === 'read' ? 'read' : status };
  }

  return {
    owe(step, to, groupId, what, ids) {
      if (ids.length === 0) return;
      const key = keyOf(to, groupId);
      const owed = step.get('receipts', key) ?? { delivered: [], read: [] };
      step.put('receipts', key, { ...owed, [what]: [...owed[what], ...ids] });
      step.after(() => schedule(key));
    },
    async apply(step, from, receipt, members) {
      const reading = accountIn(step).settings.readReceipts;
      const conversationId = receipt.groupId ?? from;
      // Reciprocal (D8): who does not tell is not told.
      const steps = [...receipt.delivered.map((id) => ['delivered', id] as const), ...receipt.read.map((id) => ['read', id] as const)];
      for (const [said, id] of steps) {
        const what = said === 'read' && !reading ? 'delivered' : said;
        const message = await conversations.mine(step, conversationId, id);
        // Told too early that it lapsed: they had it and were away since.
        if (!message || (message.status === 'failed' && message.failure !== 'not-delivered')) continue;
        if (members) conversations.update(step, marked(message, from, what, members));
        else conversations.advance(step, message, what);
      }
    },
    start() {
      for (const [key] of core.read.all('receipts')) schedule(key);
    },
  };
}
