/**
 * What is to be said, kept until the relay has it on disk. Items of one destination go in order, one at a time; destinations do not wait
 * for each other. An item's envelopes are committed before the socket sees them, so that a crash repeats bytes and never a key.
 */
import { fromBase64url, toBase64url } from '../../crypto/index.ts';
import type { Bytes } from '../../crypto/index.ts';
import { type ContentBody, encodeBody } from '../content/body.ts';
import type { FailureCode, MessageId } from './api.ts';
import { backoffMs } from './backoff.ts';
import type { Conversations } from './conversations.ts';
import type { Core } from './core.ts';
import type { OutboxItem } from './state.ts';
import type { Step, View } from './step.ts';

export type NewItem = {
  to: OutboxItem['to'];
  body: ContentBody;
  messageId?: MessageId;
  sentAt?: number;
  row?: OutboxItem['row'];
  /** One of many: encrypted in a step of its own, so that others get their turn between. */
  bulk?: boolean;
  /** Goes by the record and session at hand, however old: the relay is asked for nothing. */
  cached?: true;
};

/** What came of one attempt: `again` at once, `later` after a time, `wait` until kicked. */
export type Outcome = { next: 'done' | 'again' | 'wait' } | { next: 'later'; afterMs: number };

/** One way to deliver an item: to an account's devices, or to a group. */
export type Courier = {
  /** Encrypts within this step if nothing has to be asked first. */
  prepare(step: Step, item: OutboxItem): Promise<void>;
  deliver(order: number): Promise<Outcome>;
};

export type Outbox = {
  add(step: Step, item: NewItem): Promise<OutboxItem>;
  /** Removes an item; its row, if any, says why. */
  finish(step: Step, item: OutboxItem, failure?: FailureCode): Promise<void>;
  /** A group has the item, but for these devices: they get it in a lane of their own. */
  putOff(step: Step, item: OutboxItem, recipients: NonNullable<OutboxItem['group']>['recipients']): Promise<void>;
  item(view: View, order: number): OutboxItem | undefined;
  put(step: Step, item: OutboxItem): void;
  kick(): void;
  /** Resolves when these items are gone or have at least been tried; what cannot go now must not hold back what does not need it. */
  tried(orders: readonly number[]): Promise<void>;
};

// A refusal that repairing does not cure must not become a busy loop.
const MAX_AGAIN = 4;

// Accounts served at once: each may have to ask the relay first. Groups wait for them and are not counted.
const MAX_BUSY_LANES = 16;

function laneOf({ to, group }: Pick<OutboxItem, 'to' | 'group'>): string {
  if ('accountId' in to) return `account ${to.accountId}`;
  return group?.late ? `group ${to.groupId} late` : `group ${to.groupId}`;
}

const keyOf = (order: number): string => String(order).padStart(15, '0');

export type OutboxPorts = { core: Core; conversations: Conversations; isReady(): boolean; courier(item: OutboxItem): Courier };

export function createOutbox({ core, conversations, isReady, courier }: OutboxPorts): Outbox {
  let lastOrder = 0;
  for (const [, item] of core.read.all('outbox')) lastOrder = Math.max(lastOrder, item.order);
  const busy = new Set<string>();
  const resting = new Map<string, () => void>();
  const failures = new Map<string, number>();
  const attempted = new Set<number>();
  const nudged = new Set<string>();
  const queued = new Set<string>();
  let served = 0;
  let waiting: { orders: readonly number[]; resolve(): void }[] = [];

  const isOpen = (order: number): boolean => {
    const item = core.read.get('outbox', keyOf(order));
    // A lane that rests or waits for a decision will not try it now.
    return item !== undefined && isReady() && !attempted.has(order) && (busy.has(laneOf(item)) || queued.has(laneOf(item)));
  };

  function release(): void {
    const ready = waiting.filter(({ orders }) => !orders.some(isOpen));
    waiting = waiting.filter((one) => !ready.includes(one));
    for (const { resolve } of ready) resolve();
  }

  function firstOf(lane: string): OutboxItem | undefined {
    let first: OutboxItem | undefined;
    for (const [, item] of core.read.all('outbox')) {
      if (laneOf(item) === lane && (!first || item.order < first.order)) first = item;
    }
    return first;
  }

  function rest(lane: string, afterMs: number): void {
    resting.get(lane)?.();
    resting.set(
      lane,
      core.later(afterMs, () => {
        resting.delete(lane);
        run(lane);
      }),
    );
  }

  async function work(lane: string): Promise<void> {
    let again = 0;
    while (isReady() && !core.stopped()) {
      const item = firstOf(lane);
      if (!item) return;
      const outcome = await courier(item).deliver(item.order);
      if (outcome.next === 'done') attempted.delete(item.order);
      else attempted.add(item.order);
      if (outcome.next === 'done') {
        again = 0;
        failures.delete(lane);
        release();
      } else if (outcome.next === 'wait') {
        return;
      } else if (outcome.next === 'later' || ++again > MAX_AGAIN) {
        const count = failures.get(lane) ?? 0;
        failures.set(lane, count + 1);
        rest(lane, Math.max(outcome.next === 'later' ? outcome.afterMs : 0, backoffMs(count, core.chance())));
        return;
      }
    }
  }

  function run(lane: string): void {
    if (busy.has(lane) || resting.has(lane) || !isReady() || core.stopped()) return;
    const isGroup = lane.startsWith('group');
    if (!isGroup && served >= MAX_BUSY_LANES) {
      queued.add(lane);
      return;
    }
    busy.add(lane);
    if (!isGroup) served++;
    work(lane)
      .catch(() => rest(lane, backoffMs(failures.get(lane) ?? 0, core.chance())))
      .finally(() => {
        busy.delete(lane);
        if (!isGroup) served--;
        release();
        // Something may have come in between the last look and here.
        if (nudged.delete(lane) && firstOf(lane)) run(lane);
        const [next] = queued;
        if (next !== undefined && queued.delete(next)) run(next);
      });
  }

  function nudge(lane: string): void {
    if (busy.has(lane)) nudged.add(lane);
    run(lane);
  }

  function hasUnsealed(step: Step, lane: string, before: number): boolean {
    for (const [, item] of step.all('outbox')) {
      if (item.order < before && laneOf(item) === lane && !item.group && Object.keys(item.devices).length === 0) return true;
    }
    return false;
  }

  const put = (step: Step, item: OutboxItem): void => step.put('outbox', keyOf(item.order), item);

  return {
    item: (view, order) => view.get('outbox', keyOf(order)),
    put,
    async add(step, { to, body, messageId, sentAt, row, bulk, cached }) {
      const item: OutboxItem = {
        order: ++lastOrder,
        to,
        messageId: messageId ?? toBase64url(core.random(16)),
        sentAt: sentAt ?? core.now(),
        body: encodeBody(body),
        row: row ?? null,
        devices: {},
        group: null,
        counter: 0,
        ...(cached && { cached }),
      };
      put(step, item);
      const lane = laneOf(item);
      // Encrypted in the same commit when that is possible; whatever stands in the way is met again, and dealt with, by `deliver`.
      if (!bulk && isReady() && !hasUnsealed(step, lane, item.order)) {
        await step.attempt((inner) => courier(item).prepare(inner, item)).catch(() => undefined);
      }
      step.after(() => nudge(lane));
      return item;
    },
    async finish(step, item, failure) {
      step.remove('outbox', keyOf(item.order));
      if (!item.row) return;
      const message = await conversations.mine(step, item.row.conversationId, item.row.id);
      if (!message) return;
      if (!failure) conversations.advance(step, message, 'sent');
      else if (message.status === 'pending') conversations.update(step, { ...message, status: 'failed', failure });
    },
    async putOff(step, item, recipients) {
      if (!item.group) return;
      const late: OutboxItem = { ...item, row: null, group: { ...item.group, recipients, after: [], late: true } };
      put(step, late);
      step.after(() => nudge(laneOf(late)));
      const message = item.row && (await conversations.mine(step, item.row.conversationId, item.row.id));
      if (message) conversations.advance(step, message, 'sent');
    },
    kick() {
      for (const cancel of resting.values()) cancel();
      resting.clear();
      failures.clear();
      const lanes = new Set([...core.read.all('outbox')].map(([, item]) => laneOf(item)));
      for (const lane of lanes) nudge(lane);
    },
    tried: (orders) =>
      new Promise((resolve) => {
        waiting.push({ orders, resolve });
        release();
      }),
  };
}

export function contentOf(item: OutboxItem): { messageId: Bytes; sentAt: number; body: Bytes } {
  return { messageId: fromBase64url(item.messageId), sentAt: item.sentAt, body: item.body };
}
