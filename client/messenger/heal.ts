/**
 * When a contact's message does not open (D11): ask its device for what is undelivered, over a fresh session; and answer who asks so.
 * Strangers get silence, a device pair gets one such exchange an hour, and nothing goes to a device that is not listed (ATTACKS 9, 40).
 *
 * Anybody can seal a message in a contact's name that does not open, so what it causes must be visible to nobody but the relay that
 * carries the answer: the session is begun from the record at hand, without a one-time prekey, whose disappearance a stranger could count.
 */
import { CryptoError, type CryptoErrorCode, type SealedMessage } from '../../crypto/index.ts';
import type { AccountId } from './api.ts';
import type { Core } from './core.ts';
import type { Outbox } from './outbox.ts';
import { isListed, personOf } from './person.ts';
import { NO_PEER, type Sessions } from './sessions.ts';
import { deviceKey, type OutboxItem, type Peer } from './state.ts';
import type { Step, View } from './step.ts';

const ONCE_IN_MS = 3_600_000;
const MAX_JITTER_MS = 2_000;

// Rows looked at from the end for what is undelivered.
const MAX_ROWS = 256;

/** Failures that a lost session or prekey explains; a replay or a foreign identity is not healed but refused. */
const HEALABLE: ReadonlySet<CryptoErrorCode> = new Set(['unknown-session', 'unknown-prekey', 'bad-mac', 'too-far-ahead']);

export type Heal = {
  /** A sealed message that claims this sender did not open. */
  failed(sealed: SealedMessage, error: unknown): void;
  /** This device's own sessions are lost: asks that one for everything undelivered, over a session made with the relay's help. */
  ask(accountId: AccountId, deviceId: number): Promise<void>;
  /** This device asks: everything after `received` is said again. */
  answer(step: Step, from: { accountId: AccountId; deviceId: number }, received: number): Promise<void>;
  /** Online: what was to be asked before a restart. */
  start(): void;
};

export type HealParts = {
  core: Core;
  outbox(): Outbox;
  sessions: Sessions;
  redistribute(step: Step, accountId: AccountId, deviceId: number): void;
};

export function createHeal({ core, outbox, sessions, redistribute }: HealParts): Heal {
  const due = new Set<string>();

  function concerns(view: View, accountId: AccountId, deviceId: number): boolean {
    const person = personOf(view, accountId);
    const own = accountId === core.account().accountId;
    return person !== undefined && isListed(person, deviceId) && (own || view.get('contacts', accountId)?.standing === 'accepted');
  }

  /** Until the hour is over. */
  function restMs(peer: Peer | undefined): number {
    return Math.max(0, ONCE_IN_MS - Math.abs(core.now() - (peer?.askedAt ?? 0)));
  }

  const mayAsk = (view: View, accountId: AccountId, deviceId: number): boolean =>
    concerns(view, accountId, deviceId) && restMs(view.get('peers', deviceKey(accountId, deviceId))) === 0;

  async function request(step: Step, accountId: AccountId, deviceId: number, how: { cached?: true; renew: boolean }): Promise<void> {
    const key = deviceKey(accountId, deviceId);
    const { wanted: _, ...peer } = step.get('peers', key) ?? NO_PEER;
    step.put('peers', key, { ...peer, renew: how.renew, askedAt: core.now() });
    const body = { kind: 'resend-request', version: 1, received: peer.received.highest } as const;
    await outbox().add(step, { to: { accountId, only: [deviceId] }, body, ...(how.cached && { cached: true }) });
  }

  /** False: there is no record to begin a session from. */
  function askQuietly(accountId: AccountId, deviceId: number): Promise<boolean> {
    return core.step(async (step) => {
      if (!mayAsk(step, accountId, deviceId)) return true;
      if (!(await sessions.restart(step, accountId, deviceId))) return false;
      await request(step, accountId, deviceId, { cached: true, renew: false });
      return true;
    });
  }

  async function askAfterFailure(accountId: AccountId, deviceId: number): Promise<void> {
    if (await askQuietly(accountId, deviceId)) return;
    await sessions.fetchRecords(accountId, [deviceId]);
    await askQuietly(accountId, deviceId);
  }

  /** What comes within the hour is asked when it is over: a forged message must not use up what a lost one needs. */
  function schedule(accountId: AccountId, deviceId: number): void {
    const key = deviceKey(accountId, deviceId);
    if (due.has(key)) return;
    due.add(key);
    core.later(restMs(core.read.get('peers', key)) + core.chance() * MAX_JITTER_MS, () => {
      due.delete(key);
      // Without the relay it stays wanted.
      askAfterFailure(accountId, deviceId).catch(() => undefined);
    });
  }

  /** Envelopes that are still here were sealed for the session that broke. */
  function unseal(step: Step, accountId: AccountId, deviceId: number): Set<string> {
    const waiting = new Set<string>();
    const items = [...step.all('outbox')].filter(([, item]) => 'accountId' in item.to && item.to.accountId === accountId);
    for (const [key, item] of items) {
      waiting.add(item.messageId);
      const { [deviceId]: _, ...devices } = item.devices;
      step.put('outbox', key, { ...item, devices } satisfies OutboxItem);
    }
    return waiting;
  }

  async function repeat(step: Step, accountId: AccountId, deviceId: number, waiting: ReadonlySet<string>): Promise<void> {
    const next = step.get('conversations', accountId)?.nextPosition ?? 0;
    for (let position = Math.max(0, next - MAX_ROWS); position < next; position++) {
      const row = await step.message(accountId, position);
      if (!row?.mine || row.status !== 'sent' || row.body.kind !== 'text' || waiting.has(row.id)) continue;
      await outbox().add(step, {
        to: { accountId, only: [deviceId] },
        messageId: row.id,
        sentAt: row.sentAt,
        body: { kind: 'text', version: 1, text: row.body.text },
      });
    }
  }

  return {
    ask: (accountId, deviceId) =>
      core.step(async (step) => {
        if (mayAsk(step, accountId, deviceId)) await request(step, accountId, deviceId, { renew: true });
      }),
    failed(sealed, error) {
      if (!(error instanceof CryptoError) || !HEALABLE.has(error.code)) return;
      const { fromAccount, fromDevice } = sealed;
      const key = deviceKey(fromAccount, fromDevice);
      if (due.has(key) || !concerns(core.read, fromAccount, fromDevice)) return;
      schedule(fromAccount, fromDevice);
      // In a step of its own: nothing that the message did in the present one stays.
      core.step((step) => step.put('peers', key, { ...(step.get('peers', key) ?? NO_PEER), wanted: true })).catch(() => undefined);
    },
    async answer(step, from, received) {
      const key = deviceKey(from.accountId, from.deviceId);
      const peer = step.get('peers', key);
      if (!peer || Math.abs(core.now() - peer.grantedAt) < ONCE_IN_MS) return;
      // Their numbers go on where they stopped: what is said again takes the place of what was lost.
      step.put('peers', key, { ...peer, sent: Math.min(peer.sent, received), grantedAt: core.now() });
      redistribute(step, from.accountId, from.deviceId);
      const waiting = unseal(step, from.accountId, from.deviceId);
      await repeat(step, from.accountId, from.deviceId, waiting);
      step.after(() => outbox().kick());
    },
    start() {
      for (const [key, { wanted }] of core.read.all('peers')) {
        const [accountId, deviceId] = key.split('.') as [AccountId, string];
        if (wanted) schedule(accountId, Number(deviceId));
      }
    },
  };
}
