/**
 * Operations on the group, as a compare-and-swap on its log: signed on the head this device knows, and when another was faster, judged and
 * signed anew on the new one. A new epoch's secret is in the vault before the relay sees its commitment.
 */
import {
  canDo,
  epochCommitment,
  FIRST_EPOCH,
  fromBase64url,
  type GroupOperation,
  type GroupState,
  isAdmin,
  type MemberRecord,
  sealLogEntry,
  signGroupOperation,
  toBase64url,
  applyGroupEntry,
  isGroupName,
} from '../../../crypto/index.ts';
import type { Bytes } from '../../../crypto/index.ts';
import { RelayFailure } from '../../ports/relay.ts';
import { type AccountId, type ConversationId, Failure, type Role } from '../api.ts';
import type { Conversations } from '../conversations.ts';
import { accountIn, type Core } from '../core.ts';
import type { Directory } from '../directory.ts';
import type { Outbox } from '../outbox.ts';
import { personOf } from '../person.ts';
import type { GroupRecord } from '../state.ts';
import { keysOf, newRecord, otherMembers, secretOf, stateOf } from './group-values.ts';
import type { LogClient } from './log-client.ts';
import { createMove } from './move.ts';
import { currentOf, groupOf } from './moved.ts';
import { tellNews } from './news.ts';
import { slotHash } from './replay.ts';
import type { Sync } from './sync.ts';

export type Acts = {
  create(name: string, members: readonly AccountId[]): Promise<ConversationId>;
  add(groupId: ConversationId, members: readonly AccountId[]): Promise<void>;
  remove(groupId: ConversationId, member: AccountId): Promise<void>;
  leave(groupId: ConversationId): Promise<void>;
  rename(groupId: ConversationId, name: string): Promise<void>;
  setRole(groupId: ConversationId, member: AccountId, role: Role): Promise<void>;
  rotate(groupId: ConversationId): Promise<void>;
};

export type ActParts = {
  core: Core;
  log: LogClient;
  sync: Sync;
  directory: Directory;
  conversations: Conversations;
  outbox: Outbox;
  /** Resolves when something of the group has come, or after the time. */
  news(groupId: string, withinMs: number): Promise<void>;
  readmitted(groupId: string, who: readonly AccountId[]): void;
};

// Lost races in a row after which one gives up: the group is busy, or somebody fills its log.
const MAX_TRIES = 8;

// A member who just opened an epoch tells of its secret within a second or two, and whoever has it answers who asks. After that the log
// counts as blocked. Somebody waits for this at a screen; and who was merely slow loses nothing by a move: his engine follows.
const SECRET_PATIENCE_MS = 15_000;

// What is written in a blocked group is tried again and again; the members are not asked each time.
const ASK_AGAIN_MS = 600_000;

// The relay lets a group's log grow by one entry a second after a burst. Beyond this it asks for more than one who waits will bear.
const MAX_PAUSE_MS = 5_000;

// The relay has not appended what it answers so; an entry has a size that it takes, so `too_large` speaks of the log.
const REFUSED: ReadonlySet<string> = new Set(['version_mismatch', 'not_found', 'rate_limited', 'too_large']);
const MAX_ACTING = 16;

/** The operation for this state; null when there is nothing left to do. */
type Plan = (state: GroupState, commitment: Bytes) => GroupOperation | null;

const OPEN_POLICY = { add: 'admin', edit: 'moderator', post: 'member' } as const;

export function createActs({ core, log, sync, directory, conversations, outbox, news, readmitted }: ActParts): Acts {
  const move = createMove({ core, log, conversations, outbox, readmitted });

  function memberRecord(accountId: AccountId): MemberRecord {
    const person = personOf(core.read, accountId);
    if (!person) throw new Failure('no-such-account');
    return { genesis: person.genesis, ...(person.rotations.length > 0 && { rotations: person.rotations }) };
  }

  async function known(members: readonly AccountId[]): Promise<void> {
    for (const accountId of members) {
      if (!personOf(core.read, accountId) && !(await directory.refresh(accountId))) throw new Failure('no-such-account');
    }
  }

  const author = () => ({ accountId: core.account().accountId, identityPrivateKey: core.account().identity.privateKey });

  async function slotFor(
    groupId: ConversationId,
    record: GroupRecord,
    operation: GroupOperation,
    fresh: Bytes,
  ): Promise<{ slot: Bytes; opens: boolean }> {
    const id = fromBase64url(groupId);
    const state = stateOf(record);
    const secret = secretOf(record, state.epoch);
    if (!secret) throw new Failure('offline');
    const opens = operation.type === 'remove' || operation.type === 'rotate';
    const now = await keysOf(groupId, { epoch: state.epoch, secret });
    const next = await keysOf(groupId, { epoch: state.epoch + 1, secret: fresh });
    const entry = await signGroupOperation(author(), id, state, operation, core.random);
    const epoch = opens ? state.epoch + 1 : state.epoch;
    const slot = await sealLogEntry(opens ? next.log : now.log, id, epoch, state.version, entry, opens ? now.log : null, core.random);
    return { slot, opens };
  }

  /** What cannot be in the log: the relay said so. */
  async function forget(groupId: string, slot: Bytes, fresh: Bytes): Promise<void> {
    const hash = slotHash(slot);
    await core.step((step) => {
      const now = step.get('groups', groupId);
      if (!now) return;
      const pending = now.pending.filter(({ secret }) => secret !== fresh);
      step.put('groups', groupId, { ...now, pending, acting: now.acting.filter((one) => one !== hash) });
    });
  }

  async function pause(groupId: string, error: unknown): Promise<void> {
    const passes = error instanceof RelayFailure && error.code === 'rate_limited' && error.retryAfterMs <= MAX_PAUSE_MS;
    if (!passes) throw error;
    await news(groupId, error.retryAfterMs);
  }

  /** `lost`: another entry stands in this slot, or the access key has changed because somebody opened an epoch. `full`: no other will fit. */
  async function attempt(groupId: ConversationId, plan: Plan): Promise<'done' | 'lost' | 'full'> {
    const record = core.read.get('groups', groupId);
    if (record?.standing !== 'member') throw new Failure('not-a-member');
    const state = stateOf(record);
    const fresh = core.random(32);
    const operation = plan(state, epochCommitment(fresh, state.groupId, state.epoch + 1));
    if (!operation) return 'done';
    if (!canDo(state, author().accountId, operation)) throw new Failure('not-allowed');
    const { slot, opens } = await slotFor(groupId, record, operation, fresh);
    await core.step((step) => {
      const now = step.get('groups', groupId) ?? record;
      const pending = opens ? [...now.pending, { epoch: state.epoch + 1, secret: fresh }] : now.pending;
      step.put('groups', groupId, { ...now, pending, acting: [...now.acting, slotHash(slot)].slice(-MAX_ACTING) });
    });
    const secret = secretOf(record, state.epoch) as Bytes;
    const keys = await keysOf(groupId, { epoch: state.epoch, secret });
    const next = opens ? await keysOf(groupId, { epoch: state.epoch + 1, secret: fresh }) : null;
    try {
      await log.append(groupId, state.version, keys, slot, next);
    } catch (error) {
      if (!(error instanceof RelayFailure) || !REFUSED.has(error.code)) throw error;
      await forget(groupId, slot, fresh);
      if (error.code === 'too_large') return 'full';
      if (error.code === 'rate_limited') await pause(groupId, error);
      return 'lost';
    }
    await core.step(async (step) => {
      const now = step.get('groups', groupId);
      // A reading of the log may have been faster than the answer to the append.
      if (now && stateOf(now).version === state.version) await sync.apply(step, groupId, [slot]);
    });
    return 'done';
  }

  const askedAt = new Map<string, number>();

  /** Any member hands on a secret that he has. Resolves when one has come, or nobody sent it in time. */
  async function askForSecret(groupId: string): Promise<void> {
    const record = core.read.get('groups', groupId);
    if (record?.standing !== 'member') return;
    const state = stateOf(record);
    const key = `${groupId} ${state.version}`;
    const since = core.now() - (askedAt.get(key) ?? Number.NEGATIVE_INFINITY);
    if (since >= SECRET_PATIENCE_MS && since < ASK_AGAIN_MS) return;
    askedAt.set(key, core.now());
    await askMembers(groupId, state);
    await news(groupId, SECRET_PATIENCE_MS);
  }

  async function askMembers(groupId: string, state: GroupState): Promise<void> {
    const body = { kind: 'group-ask', version: 1, groupId, epoch: state.epoch } as const;
    await core.step(async (step) => {
      for (const accountId of otherMembers(state, accountIn(step).accountId)) {
        await outbox.add(step, { to: { accountId, only: null }, body, bulk: true });
      }
    });
  }

  async function catchUp(groupId: string): Promise<void> {
    await sync.group(groupId).catch((error: unknown) => pause(groupId, error));
  }

  /** False: the log is blocked, by an epoch whose secret nobody hands out or by somebody who fills it. */
  async function isDone(id: ConversationId, plan: Plan): Promise<boolean> {
    let hasAsked = false;
    for (let tries = 0; tries < MAX_TRIES; tries++) {
      const groupId = groupOf(core.read, id);
      if (core.read.get('groups', groupId)?.heard.length) await catchUp(groupId);
      const came = await attempt(groupId, plan);
      if (came !== 'lost') return came === 'done';
      await catchUp(groupId);
      if (!sync.isBlocked(groupId)) continue;
      if (hasAsked) return false;
      hasAsked = true;
      await askForSecret(groupId);
      await catchUp(groupId);
    }
    return false;
  }

  /** A blocked group is left by an admin, with everybody but `without` (G19); what was wanted is then done where it goes on. */
  async function act(id: ConversationId, plan: Plan, without?: AccountId): Promise<void> {
    if (await isDone(id, plan)) return;
    const current = currentOf(core.read, id);
    if (!current || !isAdmin(current.state, author().accountId)) throw new Failure('refused');
    await move(current.groupId, without);
    if (!(await isDone(id, plan))) throw new Failure('refused');
  }

  async function found(groupId: ConversationId, operation: GroupOperation & { type: 'create' }, secret: Bytes): Promise<void> {
    const id = fromBase64url(groupId);
    const entry = await signGroupOperation(author(), id, null, operation, core.random);
    const { state, applied } = await applyGroupEntry(null, entry, id);
    if (!applied) throw new Failure('broken');
    const keys = await keysOf(groupId, { epoch: FIRST_EPOCH, secret });
    await log.create(groupId, keys, await sealLogEntry(keys.log, id, FIRST_EPOCH, 0, entry, null, core.random));
    await core.step(async (step) => {
      const record = newRecord(state, { epoch: FIRST_EPOCH, secret });
      step.put('groups', groupId, record);
      conversations.ensure(step, groupId, 'group');
      const me = accountIn(step).accountId;
      conversations.event(step, groupId, { event: 'group-created', by: me, name: operation.name }, me);
      await tellNews(step, outbox, groupId, record, { applied, own: true, state });
    });
  }

  return {
    async create(name, members) {
      if (!isGroupName(name)) throw new Failure('not-allowed');
      const me = core.account().accountId;
      const others = [...new Set(members)].filter((id) => id !== me);
      await known(others);
      const groupBytes = core.random(32);
      const secret = core.random(32);
      const groupId = toBase64url(groupBytes);
      await found(
        groupId,
        {
          type: 'create',
          name,
          policy: OPEN_POLICY,
          members: [me, ...others].map(memberRecord),
          commitment: epochCommitment(secret, groupBytes, FIRST_EPOCH),
        },
        secret,
      );
      return groupId;
    },
    async add(groupId, members) {
      await known(members);
      await act(groupId, (state) => {
        const fresh = [...new Set(members)].filter((id) => !state.members.has(id));
        return fresh.length === 0 ? null : { type: 'add', members: fresh.map(memberRecord) };
      });
    },
    remove: (groupId, accountId) =>
      act(groupId, (state, commitment) => (state.members.has(accountId) ? { type: 'remove', accountId, commitment } : null), accountId),
    leave: (groupId) => act(groupId, () => ({ type: 'leave' })),
    rename: (groupId, name) => {
      if (!isGroupName(name)) return Promise.reject(new Failure('not-allowed'));
      return act(groupId, (state) => (state.name === name ? null : { type: 'rename', name }));
    },
    setRole: (groupId, accountId, role) =>
      act(groupId, (state) => (state.members.get(accountId)?.role === role ? null : { type: 'setRole', accountId, role })),
    rotate: (groupId) => act(groupId, (state, commitment) => (state.rotationDue ? { type: 'rotate', commitment } : null)),
  };
}
