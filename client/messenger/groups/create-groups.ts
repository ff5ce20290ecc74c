/** The parts of the group room, put together. */
import type { AccountId, ConversationId } from '../api.ts';
import type { Connection } from '../connection.ts';
import type { Conversations } from '../conversations.ts';
import type { Core } from '../core.ts';
import type { Directory } from '../directory.ts';
import type { Gaps } from '../gaps.ts';
import type { Outbox } from '../outbox.ts';
import type { Receipts } from '../receipts.ts';
import { deviceKey } from '../state.ts';
import { type Acts, createActs } from './acts.ts';
import { type Control, createControl } from './control.ts';
import { otherMembers, stateOf } from './group-values.ts';
import { conversationOf, currentOf, groupOf } from './moved.ts';
import type { Groups } from './groups.ts';
import { createHeld } from './held.ts';
import { createLogClient } from './log-client.ts';
import { updateOf } from './news.ts';
import { createGroupReceiver, type GroupReceiver } from './receive.ts';
import { createGroupCourier } from './send.ts';
import { createSync } from './sync.ts';

export type GroupParts = {
  core: Core;
  connection: Connection;
  directory: Directory;
  conversations: Conversations;
  receipts: Receipts;
  gaps: Gaps;
  outbox: Outbox;
};

// After somebody left, one admin rotates soon; which one is chance.
const ROTATE_MIN_MS = 1_000;
const ROTATE_MAX_MS = 8_000;

export function createGroups(parts: GroupParts): Groups {
  const { core, conversations, outbox, receipts } = parts;
  const log = createLogClient(core);
  const sync = createSync({ ...parts, log, changed, rotationDue, readmitted });
  const receiver: GroupReceiver = createGroupReceiver({ ...parts, sync });
  const held = createHeld(core, receiver.open);
  const retry = (): void => void held.retry().catch(() => undefined);
  const control: Control = createControl({ core, conversations, outbox, sync, retryHeld: held.retryIn });
  const acts: Acts = createActs({ ...parts, log, sync, news, readmitted });

  function membersOf(groupId: ConversationId): AccountId[] {
    const current = currentOf(core.read, groupId);
    return current ? otherMembers(current.state, core.account().accountId) : [];
  }

  const waiting = new Map<string, Set<() => void>>();

  function news(groupId: string, withinMs: number): Promise<void> {
    return new Promise((resolve) => {
      const here = waiting.get(groupId) ?? new Set();
      waiting.set(groupId, here);
      const wake = (): void => {
        cancel();
        here.delete(wake);
        resolve();
      };
      const cancel = core.later(withinMs, wake);
      here.add(wake);
    });
  }

  /** Whoever among the admins is first puts them out again. */
  function readmitted(groupId: ConversationId, who: readonly AccountId[]): void {
    for (const accountId of who) acts.remove(groupId, accountId).catch(() => undefined);
  }

  function changed(groupId: ConversationId): void {
    for (const wake of waiting.get(groupId) ?? []) wake();
    core
      .step((step) => control.early(step, groupId))
      .then(retry)
      .then(() => outbox.kick())
      .catch(() => undefined);
  }

  function rotationDue(groupId: ConversationId): void {
    core.later(ROTATE_MIN_MS + core.chance() * (ROTATE_MAX_MS - ROTATE_MIN_MS), () => {
      const record = core.read.get('groups', groupId);
      const state = record?.standing === 'member' ? stateOf(record) : undefined;
      if (!state?.rotationDue || state.members.get(core.account().accountId)?.role !== 'admin') return;
      // Not now is no harm: whoever writes next rotates first.
      acts.rotate(groupId).catch(() => undefined);
    });
  }

  return {
    ...acts,
    courier: createGroupCourier({ ...parts, sync, acts: () => acts }),
    async take(step, envelope) {
      const tried = await receiver.open(step, envelope);
      if (tried !== 'done') held.keep(step, envelope, tried.hold);
    },
    control: (step, from, body) => control.apply(step, from, body),
    async receipt(step, from, body) {
      const groupId = body.groupId && groupOf(step, body.groupId);
      const record = groupId ? step.get('groups', groupId) : undefined;
      if (!groupId || !record || !stateOf(record).members.has(from.accountId)) return;
      const here = { ...body, groupId: conversationOf(step, groupId) };
      await receipts.apply(step, from.accountId, here, [...stateOf(record).members.keys()]);
    },
    redistribute(step, accountId, deviceId) {
      const device = deviceKey(accountId, deviceId);
      for (const [groupId, holders] of [...step.all('groupHolders')]) {
        step.put('groupHolders', groupId, { ...holders, devices: holders.devices.filter((one) => one !== device) });
      }
      for (const [groupId, record] of [...step.all('groups')]) {
        if (record.standing !== 'member' || !stateOf(record).members.has(accountId)) continue;
        const body = updateOf(groupId, record, stateOf(record), true);
        step.after(
          () => void core.step((later) => outbox.add(later, { to: { accountId, only: [deviceId] }, body })).catch(() => undefined),
        );
      }
    },
    membersOf,
    ready() {
      for (const [groupId] of core.read.all('welcomes')) void sync.join(groupId).catch(() => undefined);
      for (const [groupId, record] of core.read.all('groups')) {
        if (record.heard.length > 0 || record.acting.length > 0 || record.pending.length > 0)
          void sync.group(groupId).catch(() => undefined);
        if (record.standing === 'member' && stateOf(record).rotationDue) rotationDue(groupId);
      }
      retry();
    },
  };
}
