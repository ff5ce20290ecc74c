/**
 * The log read from the relay and applied. One reading a group at a time; whoever asks meanwhile gets the next. What the relay shows must
 * reach what members have named, or it is an alarm: a truncated or forked log is a group that somebody hides something from (D5, ATTACKS 39).
 */
import { atHead, compareHead, CryptoError, encodeGroupState, type GroupState, toBase64url } from '../../../crypto/index.ts';
import type { Bytes } from '../../../crypto/index.ts';
import type { AccountId, ConversationId, SystemEvent } from '../api.ts';
import type { Conversations } from '../conversations.ts';
import { accountIn, type Core } from '../core.ts';
import type { Directory } from '../directory.ts';
import type { Outbox } from '../outbox.ts';
import type { GroupRecord } from '../state.ts';
import type { Step } from '../step.ts';
import { keysOf, stateOf } from './group-values.ts';
import { createJoin } from './join.ts';
import { isHidden, type LogClient } from './log-client.ts';
import { conversationOf } from './moved.ts';
import { tellNews } from './news.ts';
import { applySlots, type Change, eventOf } from './replay.ts';

export type Sync = {
  /** Reads on from what is known. Rejects when the relay cannot be asked. */
  group(groupId: ConversationId): Promise<void>;
  /** Makes a group of a welcome, when its log bears it out. */
  join(groupId: ConversationId): Promise<void>;
  /** What the slots change, in this step: rows, endings, news. */
  apply(step: Step, groupId: ConversationId, slots: readonly Bytes[]): Promise<GroupRecord>;
  /** At the last reading the log went on, or was locked, in an epoch whose secret is not here. */
  isBlocked(groupId: ConversationId): boolean;
  /** Somebody named where the log stands. `ahead`: to be read first, and before anything is encrypted if he is a member. */
  hear(step: Step, groupId: ConversationId, head: Head): 'same' | 'ahead' | 'differs' | 'too-old';
};

export type Head = { by: AccountId; version: number; hash: Bytes };

export type SyncParts = {
  core: Core;
  log: LogClient;
  directory: Directory;
  conversations: Conversations;
  outbox: Outbox;
  /** The group has changed or come: what waited for it may go on. */
  changed(groupId: ConversationId): void;
  /** Somebody left: a new epoch is due. */
  rotationDue(groupId: ConversationId): void;
  /** These are back in the group only because two admins moved it at once. */
  readmitted(groupId: ConversationId, who: readonly AccountId[]): void;
};

// Beside what is pending, which is bounded and may be false: those that the log has confirmed always have their turn.
const MAX_EPOCHS_TRIED = 4;

export function createSync({ core, log, directory, conversations, outbox, changed, rotationDue, readmitted }: SyncParts): Sync {
  const running = new Map<string, Promise<void>>();
  const blocked = new Set<string>();

  function alarm(step: Step, groupId: ConversationId, event: SystemEvent = { event: 'relay-misbehaved', what: 'group-log' }): void {
    // Said once, until something else happens in the group.
    const id = conversationOf(step, groupId);
    if (step.get('conversations', id)?.last?.system?.event === event.event) return;
    conversations.event(step, id, event, accountIn(step).accountId);
  }

  /** What was heard of, after a reading: only what is still to come, by those who still have a say. */
  function settle(step: Step, groupId: ConversationId, record: GroupRecord): GroupRecord {
    const state = stateOf(record);
    const compared = record.heard
      .filter(({ by }) => state.members.has(by))
      .map((head) => ({ head, is: compareHead(state, head.version, head.hash) }));
    if (compared.some(({ is }) => is === 'differs')) alarm(step, groupId);
    return { ...record, heard: compared.filter(({ is }) => is === 'ahead').map(({ head }) => head) };
  }

  /** Names for members nobody here has met. */
  function meet(state: GroupState): void {
    const me = core.account().accountId;
    for (const accountId of state.members.keys()) {
      if (accountId === me || core.read.get('contacts', accountId)) continue;
      directory
        .refresh(accountId)
        .then(() => core.step((step) => conversations.show(step, conversationOf(step, toBase64url(state.groupId)))))
        .catch(() => undefined);
    }
  }

  async function take(step: Step, groupId: ConversationId, record: GroupRecord, change: Change): Promise<GroupRecord> {
    const me = accountIn(step).accountId;
    const { applied, own, state } = change;
    const event = eventOf(applied);
    if (event) conversations.event(step, conversationOf(step, groupId), event, applied.author);
    if (own) await tellNews(step, outbox, groupId, record, change);
    if (applied.type === 'leave' && applied.author !== me) step.after(() => rotationDue(groupId));
    if (state.members.has(me) || record.standing !== 'member') return record;
    step.remove('groupSending', groupId);
    step.remove('groupHolders', groupId);
    return { ...record, standing: applied.type === 'leave' ? 'left' : 'removed' };
  }

  async function applyTo(step: Step, groupId: ConversationId, base: GroupRecord, slots: readonly Bytes[]): Promise<GroupRecord> {
    const { record, changes } = await applySlots(base, groupId, slots);
    let now = record;
    for (const change of changes) now = await take(step, groupId, now, change);
    now = settle(step, groupId, now);
    step.put('groups', groupId, now);
    conversations.show(step, conversationOf(step, groupId));
    if (changes.length > 0 || now.epochs !== base.epochs || now.heard.length < base.heard.length) {
      step.after(() => {
        meet(stateOf(now));
        changed(groupId);
      });
    }
    return now;
  }

  async function apply(step: Step, groupId: ConversationId, slots: readonly Bytes[]): Promise<GroupRecord> {
    const before = step.get('groups', groupId);
    if (!before) throw new CryptoError('malformed');
    return applyTo(step, groupId, before, slots);
  }

  /** The access key changes with the epoch, and which epoch the relay is at is not known: newest first. */
  async function read(groupId: ConversationId, record: GroupRecord, from: number): Promise<Bytes[] | null> {
    const newestFirst = [...record.epochs.slice(-MAX_EPOCHS_TRIED), ...record.pending].sort((a, b) => b.epoch - a.epoch);
    for (const epoch of newestFirst) {
      try {
        return await log.read(groupId, from, await keysOf(groupId, epoch));
      } catch (error) {
        if (!isHidden(error)) throw error;
      }
    }
    return null;
  }

  async function syncOnce(groupId: ConversationId): Promise<void> {
    const record = core.read.get('groups', groupId);
    if (record?.standing !== 'member') return;
    // From the last valid entry: a relay that once showed something else in its place has not spoiled what comes after.
    const from = atHead(stateOf(record)).version;
    const slots = await read(groupId, record, from);
    if (!slots) return void blocked.add(groupId);
    await core.step(async (step) => {
      const before = step.get('groups', groupId);
      if (before?.standing !== 'member') return;
      const head = atHead(stateOf(before));
      const base = { ...before, state: encodeGroupState(head) };
      const after = await applyTo(step, groupId, base, slots.slice(head.version - from));
      // Members have named a version that this log does not reach. Nothing is encrypted for the group until it does.
      const end = from + slots.length;
      const isAll = stateOf(after).version === end;
      if (isAll) blocked.delete(groupId);
      else blocked.add(groupId);
      const missed = after.heard.filter(({ version, alarmed }) => !alarmed && (isAll || version > end));
      for (const { by } of missed) alarm(step, groupId, { event: 'group-behind', who: by });
      if (missed.length > 0) {
        step.put('groups', groupId, {
          ...after,
          heard: after.heard.map((one) => (missed.includes(one) ? { ...one, alarmed: true } : one)),
        });
      }
    });
  }

  function hear(step: Step, groupId: ConversationId, { by, version, hash }: Head): 'same' | 'ahead' | 'differs' | 'too-old' {
    const record = step.get('groups', groupId);
    if (!record) return 'too-old';
    const state = stateOf(record);
    const compared = compareHead(state, version, hash);
    if (compared === 'differs') alarm(step, groupId);
    if (compared !== 'ahead') return compared;
    const known = record.heard.find((head) => head.by === by);
    if (state.members.has(by) && (known === undefined || known.version < version)) {
      const heard = [...record.heard.filter((head) => head !== known), { by, version, hash, alarmed: false }];
      step.put('groups', groupId, { ...record, heard });
    }
    step.after(() => void sync.group(groupId).catch(() => undefined));
    return compared;
  }

  /** One at a time, and once more for those who asked while it ran. */
  function single(groupId: ConversationId, run: () => Promise<void>): Promise<void> {
    const next = (running.get(groupId) ?? Promise.resolve()).catch(() => undefined).then(run);
    running.set(groupId, next);
    const done = (): void => {
      if (running.get(groupId) === next) running.delete(groupId);
    };
    void next.catch(() => undefined).finally(done);
    return next;
  }

  const joinOnce = createJoin({ core, log, conversations, meet, changed, readmitted });

  const sync: Sync = {
    apply,
    hear,
    isBlocked: (groupId) => blocked.has(groupId),
    group: (groupId) => single(groupId, () => syncOnce(groupId)),
    join: (groupId) => single(groupId, () => joinOnce(groupId)),
  };
  return sync;
}
