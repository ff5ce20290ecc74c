/**
 * To a group: one ciphertext under this device's sender key, one submit for all devices of all members. Nothing is encrypted before the
 * log is applied as far as anybody named it, and before a due rotation is made (D3, D5).
 */
import {
  createSenderKey,
  distributionIdOf,
  encodeContent,
  fromBase64url,
  groupEncrypt,
  KIND,
  mayPost,
  SENDER_KEY_MAX_AGE_MS,
  SENDER_KEY_MAX_MESSAGES,
  sealGroup,
  senderKeyDistribution,
  toBase64url,
} from '../../../crypto/index.ts';
import type { Bytes, GroupState } from '../../../crypto/index.ts';
import type { Recipient } from '../../../server/protocol/frames.ts';
import { MAX_SUBMIT_RECIPIENTS } from '../../../server/protocol/limits.ts';
import { type AccountId, Failure } from '../api.ts';
import { type Connection, Refused } from '../connection.ts';
import { accountIn, type Core, freshId } from '../core.ts';
import { finalCode, outcomeOf, refreshAll } from '../courier.ts';
import { deliveryTokenOf } from '../delivery-token.ts';
import type { Directory } from '../directory.ts';
import { contentOf, type Courier, type Outbox, type Outcome } from '../outbox.ts';
import { personOf, recipientDevices } from '../person.ts';
import { deviceKey, type GroupRecord, type GroupSending, type OutboxItem } from '../state.ts';
import type { Step, View } from '../step.ts';
import type { Acts } from './acts.ts';
import { keysOf, secretOf, stateOf } from './group-values.ts';
import { moveBody } from './moved.ts';
import type { Sync } from './sync.ts';

export type SendParts = { core: Core; connection: Connection; directory: Directory; outbox: Outbox; sync: Sync; acts(): Acts };

type Device = { accountId: AccountId; deviceId: number };
type GroupItem = OutboxItem & { to: { groupId: string } };

// Up to so many sender keys are encrypted in the same commit as the message they are for.
const BULK_ACCOUNTS = 8;

const DONE: Outcome = { next: 'done' };
const AGAIN: Outcome = { next: 'again' };

function devicesOf(view: View, state: GroupState): Device[] {
  return [...state.members.keys()].flatMap((accountId) => {
    const person = personOf(view, accountId);
    return person ? recipientDevices(view, person).map((deviceId) => ({ accountId, deviceId })) : [];
  });
}

function strangersIn(view: View, state: GroupState): AccountId[] {
  return [...state.members.keys()].filter((accountId) => !personOf(view, accountId));
}

export function createGroupCourier({ core, connection, directory, outbox, sync, acts }: SendParts): Courier {
  async function senderKeyFor(step: Step, groupId: string, state: GroupState): Promise<GroupSending> {
    const known = step.get('groupSending', groupId);
    const age = known ? core.now() - known.createdAt : 0;
    const usable = known && known.epoch === state.epoch && known.count < SENDER_KEY_MAX_MESSAGES && age >= 0 && age < SENDER_KEY_MAX_AGE_MS;
    if (usable) return known;
    const { accountId, deviceId } = accountIn(step);
    const generation = (known?.generation ?? 0) + 1;
    const distributionId = distributionIdOf(state.groupId, state.epoch, accountId, deviceId, generation);
    const senderKey = await createSenderKey(distributionId, core.random);
    step.put('groupHolders', groupId, { epoch: state.epoch, generation, devices: [] });
    return { epoch: state.epoch, generation, senderKey, createdAt: core.now(), count: 0, sent: known?.sent ?? 0 };
  }

  /** Those who have not this sender key get it first, at its present iteration. Returns the outbox orders to wait for. */
  async function distribute(
    step: Step,
    groupId: string,
    record: GroupRecord,
    sending: GroupSending,
    devices: readonly Device[],
  ): Promise<number[]> {
    const state = stateOf(record);
    const holders = step.get('groupHolders', groupId);
    const have = new Set(holders?.devices ?? []);
    const lacking = devices.filter((device) => !have.has(deviceKey(device.accountId, device.deviceId)));
    if (lacking.length === 0) return [];
    const secret = secretOf(record, state.epoch);
    if (!secret) throw new Failure('offline');
    const body = {
      kind: 'sender-key',
      version: 1,
      groupId,
      logVersion: state.version,
      logHead: toBase64url(state.headHash),
      epoch: state.epoch,
      secret: toBase64url(secret),
      generation: sending.generation,
      sent: sending.sent,
      distribution: toBase64url(senderKeyDistribution(sending.senderKey)),
      ...moveBody(record),
    } as const;
    const byAccount = Map.groupBy(lacking, ({ accountId }) => accountId);
    const orders: number[] = [];
    for (const [accountId, list] of byAccount) {
      const to = { accountId, only: list.map(({ deviceId }) => deviceId) };
      const item = await outbox.add(step, { to, body, bulk: byAccount.size > BULK_ACCOUNTS });
      orders.push(item.order);
    }
    const now = [...have, ...lacking.map((device) => deviceKey(device.accountId, device.deviceId))];
    step.put('groupHolders', groupId, { epoch: sending.epoch, generation: sending.generation, devices: now });
    return orders;
  }

  async function seal(step: Step, item: GroupItem, record: GroupRecord): Promise<OutboxItem> {
    const { groupId } = item.to;
    const state = stateOf(record);
    const account = accountIn(step);
    const secret = secretOf(record, state.epoch);
    if (!secret) throw new Failure('offline');
    const sending = await senderKeyFor(step, groupId, state);
    const recipients = devicesOf(step, state);
    const after = await distribute(step, groupId, record, sending, recipients);
    const counter = item.counter || sending.sent + 1;
    const plaintext = encodeContent({
      kind: KIND.group,
      from: { accountId: account.accountId, deviceId: account.deviceId },
      to: { groupId: fromBase64url(groupId), epoch: state.epoch, logVersion: state.version, logHead: state.headHash },
      counter,
      deviceList: { version: account.deviceList.version, hash: account.deviceList.hash },
      ...contentOf(item),
    });
    const { senderKey, message } = await groupEncrypt(sending.senderKey, plaintext);
    const sealed = { kind: KIND.group, fromAccount: account.accountId, fromDevice: account.deviceId, message };
    const envelope = await sealGroup(await keysOf(groupId, { epoch: state.epoch, secret }), sealed, core.random);
    step.put('groupSending', groupId, { ...sending, senderKey, count: sending.count + 1, sent: Math.max(sending.sent, counter) });
    const next = { ...item, counter, group: { epoch: state.epoch, envelopeId: freshId(core), envelope, recipients, after } };
    outbox.put(step, next);
    return next;
  }

  function requireMember(view: View, groupId: string): GroupRecord {
    const record = view.get('groups', groupId);
    if (record?.standing !== 'member') throw new Failure('not-a-member');
    return record;
  }

  /** Null: nothing stands in the way. */
  async function clear(groupId: string): Promise<Outcome | null> {
    let record = requireMember(core.read, groupId);
    if (record.heard.length > 0) {
      await sync.group(groupId);
      record = requireMember(core.read, groupId);
      // Somebody named a head for which the key is still under way.
      if (record.heard.length > 0) return { next: 'later', afterMs: 0 };
    }
    const state = stateOf(record);
    if (state.rotationDue) {
      // Somebody blocks the log: what is written waits for an admin.
      const rotated = await acts()
        .rotate(groupId)
        .then(() => true)
        .catch((error: unknown) => {
          if (error instanceof Failure && error.code === 'refused') return false;
          throw error;
        });
      return rotated ? AGAIN : { next: 'later', afterMs: 0 };
    }
    if (!mayPost(state, core.account().accountId)) throw new Failure('not-allowed');
    for (const accountId of strangersIn(core.read, state)) {
      if (!(await directory.refresh(accountId))) throw new Failure('no-such-account');
    }
    return null;
  }

  /** Who has no room is left out, and named: one full mailbox must not silence a group (ATTACKS 41). */
  async function submitTo(envelopeId: Bytes, body: Bytes, recipients: Recipient[]): Promise<AccountId[]> {
    try {
      await connection.submit({ envelopeId, recipients, body });
      return [];
    } catch (error) {
      if (!(error instanceof Refused) || error.code !== 'mailbox_full') throw error;
      const others = recipients.filter(({ accountId }) => !error.accounts.includes(accountId));
      if (others.length === recipients.length) throw error;
      return [...error.accounts, ...(others.length > 0 ? await submitTo(envelopeId, body, others) : [])];
    }
  }

  async function submit(group: NonNullable<OutboxItem['group']>): Promise<AccountId[]> {
    const { envelopeId, envelope, recipients } = group;
    const listed = recipients.map((device) => ({
      ...device,
      listVersion: personOf(core.read, device.accountId)?.deviceList.version ?? 0,
      deliveryToken: deliveryTokenOf(core.read, device.accountId),
    }));
    const full: AccountId[] = [];
    for (let at = 0; at < listed.length; at += MAX_SUBMIT_RECIPIENTS) {
      full.push(...(await submitTo(envelopeId, envelope, listed.slice(at, at + MAX_SUBMIT_RECIPIENTS))));
    }
    return full;
  }

  const itemOf = (view: View, order: number): GroupItem | undefined => outbox.item(view, order) as GroupItem | undefined;

  async function attempt(order: number): Promise<Outcome> {
    let item: OutboxItem | undefined = itemOf(core.read, order);
    if (!item || !('groupId' in item.to)) return DONE;
    const { groupId } = item.to;
    // What was encrypted for an epoch that is over is encrypted again, for those who are members now.
    const record = requireMember(core.read, groupId);
    const isCurrent = (one: OutboxItem, group: GroupRecord): boolean => one.group?.epoch === stateOf(group).epoch;
    if (!isCurrent(item, record) || record.heard.length > 0) {
      const obstacle = await clear(groupId);
      if (obstacle) return obstacle;
      item = await core.step(async (step) => {
        const now = itemOf(step, order);
        const group = requireMember(step, groupId);
        return now && (isCurrent(now, group) ? now : seal(step, now, group));
      });
    }
    if (!item?.group) return DONE;
    await outbox.tried(item.group.after);
    const { late, recipients } = item.group;
    const full = await submit(item.group);
    await core.step(async (step) => {
      const now = itemOf(step, order);
      if (now && full.length === 0) await outbox.finish(step, now);
      else if (now) {
        await outbox.putOff(
          step,
          now,
          recipients.filter(({ accountId }) => full.includes(accountId)),
        );
      }
    });
    return full.length > 0 && late ? { next: 'later', afterMs: 0 } : DONE;
  }

  async function unseal(order: number): Promise<void> {
    await core.step((step) => {
      const item = itemOf(step, order);
      if (item) outbox.put(step, { ...item, group: null });
    });
  }

  return {
    async prepare(step, item) {
      const group = item as GroupItem;
      const record = requireMember(step, group.to.groupId);
      const state = stateOf(record);
      if (record.heard.length > 0 || !mayPost(state, accountIn(step).accountId) || strangersIn(step, state).length > 0)
        throw new Failure('offline');
      await seal(step, group, record);
    },
    async deliver(order) {
      const groupId = itemOf(core.read, order)?.to.groupId;
      try {
        return await attempt(order);
      } catch (error) {
        // The group was moved meanwhile: another lane has it now.
        const now = itemOf(core.read, order);
        if (now && now.to.groupId !== groupId) return DONE;
        if (error instanceof Refused && error.code === 'mismatched_devices') {
          await refreshAll(core, directory, error.accounts).catch(() => undefined);
          await unseal(order);
          return AGAIN;
        }
        const outcome = outcomeOf(error);
        if (outcome) return outcome;
        await core.step(async (step) => {
          const item = itemOf(step, order);
          if (item) await outbox.finish(step, item, finalCode(error));
        });
        return DONE;
      }
    },
  };
}
