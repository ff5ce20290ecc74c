/** To an account: one envelope for each of its listed devices, over a session with it. */
import type { DeviceState, OutboxItem } from './state.ts';
import { ERRORS } from '../../server/protocol/errors.ts';
import { type AccountId, Failure, type FailureCode } from './api.ts';
import { type Connection, Refused } from './connection.ts';
import { type Core, freshId } from './core.ts';
import { deliveryTokenOf } from './delivery-token.ts';
import type { Directory } from './directory.ts';
import { failureOf, isLater } from './failure.ts';
import { contentOf, type Courier, type Outbox, type Outcome } from './outbox.ts';
import { type Person, personOf, recipientDevices } from './person.ts';
import type { Sessions } from './sessions.ts';
import type { Step, View } from './step.ts';

export type CourierParts = { core: Core; connection: Connection; directory: Directory; sessions: Sessions; outbox(): Outbox };

const DONE: Outcome = { next: 'done' };
const AGAIN: Outcome = { next: 'again' };

/** Sending waits for a decision about this account. */
export function isHeldBack(view: View, accountId: AccountId): boolean {
  return view.get('contacts', accountId)?.identityChange === 'unexplained';
}

/** Asks the relay anew about the accounts it says have other devices than we think: a hint to fetch lists, never a source of devices (D6). */
export async function refreshAll(core: Core, directory: Directory, accounts: readonly AccountId[], metBy?: 'stranger'): Promise<void> {
  for (const accountId of accounts) {
    if (accountId === core.account().accountId) await directory.refreshSelf();
    else await directory.refresh(accountId, metBy);
  }
}

// What no second attempt can change. Everything else is tried again, later: a fault of the disk or of ours must not lose a message.
const FINAL: ReadonlySet<FailureCode> = new Set(['too-large', 'no-such-account', 'not-a-member', 'not-allowed', 'refused']);

/** Null: the item has failed for good. */
export function outcomeOf(error: unknown): Outcome | null {
  if (isLater(error)) return { next: 'later', afterMs: failureOf(error).retryAfterMs };
  if (error instanceof Refused && ERRORS[error.code].retry === 'later') return { next: 'later', afterMs: error.retryAfterMs };
  if (error instanceof Refused) return null;
  const { code } = failureOf(error);
  if (code === 'contact-changed') return { next: 'wait' };
  return FINAL.has(code) ? null : { next: 'later', afterMs: 0 };
}

export function finalCode(error: unknown): FailureCode {
  if (error instanceof Refused) return error.code === 'too_large' ? 'too-large' : 'refused';
  return failureOf(error).code;
}

export function createPairwiseCourier({ core, connection, directory, sessions, outbox }: CourierParts): Courier {
  function targets(view: View, item: OutboxItem): { person: Person; devices: number[] } | null {
    if ('groupId' in item.to) return null;
    const { accountId, only } = item.to;
    const person = personOf(view, accountId);
    if (!person) return null;
    const devices = recipientDevices(view, person);
    return { person, devices: only ? devices.filter((id) => only.includes(id)) : devices };
  }

  async function seal(step: Step, item: OutboxItem): Promise<OutboxItem> {
    const target = targets(step, item);
    if (!target) throw new Failure('no-such-account');
    const { person, devices } = target;
    if (isHeldBack(step, person.accountId)) throw new Failure('identity-changed');
    const states: Record<number, DeviceState> = {};
    for (const deviceId of devices) {
      const known = item.devices[deviceId];
      if (known) {
        states[deviceId] = known;
        continue;
      }
      const { envelope, counter } = await sessions.seal(step, person.accountId, deviceId, contentOf(item));
      states[deviceId] = { envelopeId: freshId(core), counter, envelope };
    }
    const next = { ...item, devices: states };
    outbox().put(step, next);
    return next;
  }

  async function ready(item: OutboxItem): Promise<boolean> {
    if ('groupId' in item.to) return false;
    const { accountId } = item.to;
    if (!personOf(core.read, accountId) && !(await directory.refresh(accountId))) return false;
    const target = targets(core.read, item);
    if (!target) return false;
    const unready = sessions.unready(
      core.read,
      accountId,
      target.devices.filter((id) => !item.devices[id]),
      item.cached,
    );
    if (unready.length > 0) await sessions.claim(accountId, unready);
    return true;
  }

  async function submitAll(item: OutboxItem): Promise<PromiseSettledResult<number>[]> {
    const target = targets(core.read, item);
    if (!target) return [];
    const { accountId, deviceList } = target.person;
    const open = target.devices.filter((id) => item.devices[id]?.envelope);
    return Promise.allSettled(
      open.map(async (deviceId) => {
        const { envelopeId, envelope } = item.devices[deviceId] as DeviceState;
        const deliveryToken = deliveryTokenOf(core.read, accountId);
        const recipients = [{ accountId, deviceId, listVersion: deviceList.version, deliveryToken }];
        if (envelope) await connection.submit({ envelopeId, recipients, body: envelope });
        return deviceId;
      }),
    );
  }

  /** Keeps what was accepted; the item is done when every listed device has it. */
  async function settle(order: number, results: PromiseSettledResult<number>[]): Promise<boolean> {
    return core.step(async (step) => {
      const item = outbox().item(step, order);
      if (!item) return true;
      const devices = { ...item.devices };
      for (const result of results) {
        const state = result.status === 'fulfilled' ? devices[result.value] : undefined;
        if (state && result.status === 'fulfilled') devices[result.value] = { ...state, envelope: null };
      }
      const target = targets(step, item);
      const done = target?.devices.every((id) => devices[id]?.envelope === null) ?? true;
      if (done) await outbox().finish(step, item);
      else outbox().put(step, { ...item, devices });
      return done;
    });
  }

  async function refused(order: number, error: unknown): Promise<Outcome> {
    if (error instanceof Refused && error.code === 'mismatched_devices') {
      const item = outbox().item(core.read, order);
      const accountId = item && 'accountId' in item.to ? [item.to.accountId] : [];
      await refreshAll(core, directory, accountId);
      return AGAIN;
    }
    const outcome = outcomeOf(error);
    if (outcome) return outcome;
    await core.step(async (step) => {
      const item = outbox().item(step, order);
      if (item) await outbox().finish(step, item, finalCode(error));
    });
    return DONE;
  }

  async function attempt(order: number): Promise<Outcome> {
    const item = outbox().item(core.read, order);
    if (!item) return DONE;
    if ('accountId' in item.to && isHeldBack(core.read, item.to.accountId)) return { next: 'wait' };
    if (!(await ready(item))) throw new Failure('no-such-account');
    if ('accountId' in item.to && isHeldBack(core.read, item.to.accountId)) return { next: 'wait' };
    const target = targets(core.read, item);
    const unsealed = target?.devices.filter((id) => !item.devices[id]) ?? [];
    if (target && sessions.unready(core.read, target.person.accountId, unsealed, item.cached).length > 0) {
      return { next: 'later', afterMs: 0 };
    }
    const sealed = unsealed.length > 0 ? await core.step((step) => resealed(step, order)) : item;
    if (!sealed) return DONE;
    const results = await submitAll(sealed);
    const done = await settle(order, results);
    const failed = results.find((result) => result.status === 'rejected');
    if (failed) return refused(order, failed.reason);
    return done ? DONE : AGAIN;
  }

  async function resealed(step: Step, order: number): Promise<OutboxItem | null> {
    const item = outbox().item(step, order);
    return item ? seal(step, item) : null;
  }

  return {
    async prepare(step, item) {
      if ('groupId' in item.to) return;
      const target = targets(step, item);
      if (!target || sessions.unready(step, item.to.accountId, target.devices, item.cached).length > 0) throw new Failure('offline');
      await seal(step, item);
    },
    async deliver(order) {
      try {
        return await attempt(order);
      } catch (error) {
        return refused(order, error);
      }
    },
  };
}
