/**
 * Operations on the group, as a compare-and-swap on its log: signed on the head this device knows, and when another was faster, judged and
 * signed anew on the new one. A new epoch's secret is in the vault before the relay sees its commitment.
 */
import {
  canDo,
  encodeGroupState,
  epochCommitment,
  FIRST_EPOCH,
  fromBase64url,
  type GroupOperation,
  type GroupState,
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
import { keysOf, secretOf, stateOf } from './group-values.ts';
import type { LogClient } from './log-client.ts';
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

export type ActParts = { core: Core; log: LogClient; sync: Sync; directory: Directory; conversations: Conversations; outbox: Outbox };

// Lost races in a row after which one gives up: the group is busy, or somebody fills its log.
const MAX_TRIES = 8;
const MAX_ACTING = 16;

/** The operation for this state; null when there is nothing left to do. */
type Plan = (state: GroupState, commitment: Bytes) => GroupOperation | null;

const OPEN_POLICY = { add: 'admin', edit: 'moderator', post: 'member' } as const;

export function createActs({ core, log, sync, directory, conversations, outbox }: ActParts): Acts {
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

  /** Null: another entry stands in this slot. */
  async function attempt(groupId: ConversationId, plan: Plan): Promise<boolean | null> {
    const record = core.read.get('groups', groupId);
    if (record?.standing !== 'member') throw new Failure('not-a-member');
    const state = stateOf(record);
    const fresh = core.random(32);
    const operation = plan(state, epochCommitment(fresh, state.groupId, state.epoch + 1));
    if (!operation) return false;
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
      // Not found: the access key has changed, so somebody opened an epoch.
      if (error instanceof RelayFailure && (error.code === 'version_mismatch' || error.code === 'not_found')) return null;
      throw error;
    }
    await core.step(async (step) => {
      const now = step.get('groups', groupId);
      // A reading of the log may have been faster than the answer to the append.
      if (now && stateOf(now).version === state.version) await sync.apply(step, groupId, [slot]);
    });
    return true;
  }

  async function act(groupId: ConversationId, plan: Plan): Promise<void> {
    for (let tries = 0; tries < MAX_TRIES; tries++) {
      if (core.read.get('groups', groupId)?.heard.length) await sync.group(groupId);
      if ((await attempt(groupId, plan)) !== null) return;
      await sync.group(groupId);
    }
    throw new Failure('refused');
  }

  async function found(groupId: ConversationId, operation: GroupOperation & { type: 'create' }, secret: Bytes): Promise<void> {
    const id = fromBase64url(groupId);
    const entry = await signGroupOperation(author(), id, null, operation, core.random);
    const { state, applied } = await applyGroupEntry(null, entry, id);
    if (!applied) throw new Failure('broken');
    const keys = await keysOf(groupId, { epoch: FIRST_EPOCH, secret });
    await log.create(groupId, keys, await sealLogEntry(keys.log, id, FIRST_EPOCH, 0, entry, null, core.random));
    await core.step(async (step) => {
      const record: GroupRecord = {
        state: encodeGroupState(state),
        standing: 'member',
        epochs: [{ epoch: FIRST_EPOCH, secret }],
        pending: [],
        acting: [],
        noticedEpoch: FIRST_EPOCH,
        requestFrom: null,
        heard: [],
      };
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
      act(groupId, (state, commitment) => (state.members.has(accountId) ? { type: 'remove', accountId, commitment } : null)),
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
