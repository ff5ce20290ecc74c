/**
 * When a contact's message does not open (D11): ask it for what is undelivered, over a fresh session; and answer who asks so. Strangers
 * get silence, a device pair gets one such exchange an hour, and nothing goes to a device that is not listed (ATTACKS 9, 40).
 */
import { CryptoError, type CryptoErrorCode, type SealedMessage } from '../../crypto/index.ts';
import type { AccountId } from './api.ts';
import type { Core } from './core.ts';
import type { Outbox } from './outbox.ts';
import { isListed, personOf } from './person.ts';
import { NO_PEER } from './sessions.ts';
import { deviceKey, type OutboxItem } from './state.ts';
import type { Step } from './step.ts';

const ONCE_IN_MS = 3_600_000;
const MAX_JITTER_MS = 2_000;

// Rows looked at from the end for what is undelivered.
const MAX_ROWS = 256;

/** Failures that a lost session or prekey explains; a replay or a foreign identity is not healed but refused. */
const HEALABLE: ReadonlySet<CryptoErrorCode> = new Set(['unknown-session', 'unknown-prekey', 'bad-mac', 'too-far-ahead']);

export type Heal = {
  /** A sealed message that claims this sender did not open. */
  failed(sealed: SealedMessage, error: unknown): void;
  /** Asks this device for everything undelivered. */
  ask(accountId: AccountId, deviceId: number): Promise<void>;
  /** This device asks: everything after `received` is said again. */
  answer(step: Step, from: { accountId: AccountId; deviceId: number }, received: number): Promise<void>;
};

export type HealParts = { core: Core; outbox(): Outbox; redistribute(step: Step, accountId: AccountId, deviceId: number): void };

export function createHeal({ core, outbox, redistribute }: HealParts): Heal {
  const due = new Set<string>();

  function mayAsk(accountId: AccountId, deviceId: number): boolean {
    const contact = core.read.get('contacts', accountId);
    const person = personOf(core.read, accountId);
    const own = accountId === core.account().accountId;
    if (!person || !isListed(person, deviceId) || !(own || contact?.standing === 'accepted')) return false;
    const askedAt = core.read.get('peers', deviceKey(accountId, deviceId))?.askedAt ?? 0;
    return Math.abs(core.now() - askedAt) >= ONCE_IN_MS;
  }

  async function ask(accountId: AccountId, deviceId: number): Promise<void> {
    if (!mayAsk(accountId, deviceId)) return;
    await core.step(async (step) => {
      const key = deviceKey(accountId, deviceId);
      const peer = step.get('peers', key);
      const base = peer ?? NO_PEER;
      step.put('peers', key, { ...base, renew: true, askedAt: core.now() });
      const body = { kind: 'resend-request', version: 1, received: base.received.highest } as const;
      await outbox().add(step, { to: { accountId, only: [deviceId] }, body });
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
    ask,
    failed(sealed, error) {
      if (!(error instanceof CryptoError) || !HEALABLE.has(error.code)) return;
      const key = deviceKey(sealed.fromAccount, sealed.fromDevice);
      if (due.has(key) || !mayAsk(sealed.fromAccount, sealed.fromDevice)) return;
      due.add(key);
      core.later(core.chance() * MAX_JITTER_MS, () => {
        due.delete(key);
        ask(sealed.fromAccount, sealed.fromDevice).catch(() => undefined);
      });
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
  };
}
