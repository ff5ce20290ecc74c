/** Keeps what this device publishes fresh (D6): a record every 48 hours, one-time prekeys before they run out, old halves deleted in time. */
import { DEVICE_RECORD_ROTATE_MS, PREKEY_PRIVATE_KEEP_MS, toBase64url } from '../../crypto/index.ts';
import { MAX_ONE_TIME_PREKEYS_PER_REQUEST } from '../../server/protocol/limits.ts';
import { accountIn, type Core } from './core.ts';
import { makeOneTimePrekeys, ONE_TIME_PREKEYS, renewDeviceKeys } from './device-keys.ts';
import type { RelaySession } from './relay-session.ts';
import type { Step } from './step.ts';

// Below this the supply is filled up; the moment is chance, so that filling does not tell when it was drained (ATTACKS 10).
const REFILL_BELOW = 25;
const REFILL_JITTER_MS = 5_000;
const CHECK_EVERY_MS = 3_600_000;

const CERTIFICATE_RENEW_MS = 3 * 24 * 3_600_000;

export type Prekeys = {
  /** Called when ready: now and every hour, whatever is due. */
  maintain(): Promise<void>;
  start(): void;
};

function deleteOld(step: Step, now: number): void {
  for (const table of ['signedPrekeys', 'sealingKeys'] as const) {
    for (const [key, { supersededAt }] of [...step.all(table)]) {
      if (supersededAt === null || now - supersededAt < PREKEY_PRIVATE_KEEP_MS) continue;
      step.remove(table, key);
      if (table === 'sealingKeys') continue;
      for (const [first, { signedPrekeyId }] of [...step.all('firsts')]) if (String(signedPrekeyId) === key) step.remove('firsts', first);
    }
  }
}

export function createPrekeys(core: Core, relay: RelaySession): Prekeys {
  async function publishRecord(): Promise<void> {
    const due = core.read.get('publication', 'self');
    if (!due) return;
    const age = core.now() - due.createdAt;
    if (age >= DEVICE_RECORD_ROTATE_MS) {
      await core.step(async (step) => {
        await renewDeviceKeys(core, step, accountIn(step));
      });
    }
    const { published, record, sequence } = core.read.get('publication', 'self') ?? due;
    if (published) return;
    await relay.request('devices/publish', { deviceRecord: toBase64url(record) });
    await core.step((step) => {
      const now = step.get('publication', 'self');
      if (now?.sequence === sequence) step.put('publication', 'self', { ...now, published: true });
    });
  }

  async function offer(): Promise<void> {
    const { offered } = core.read.get('publication', 'self') ?? { offered: [] };
    const ids = offered.slice(0, MAX_ONE_TIME_PREKEYS_PER_REQUEST);
    if (ids.length === 0) return;
    const oneTimePrekeys = ids.flatMap((id) => {
      const pair = core.read.get('oneTimePrekeys', String(id));
      return pair ? [{ id, publicKey: toBase64url(pair.publicKey) }] : [];
    });
    if (oneTimePrekeys.length > 0) await relay.request('prekeys/add', { oneTimePrekeys });
    await core.step((step) => {
      const now = step.get('publication', 'self');
      if (now) step.put('publication', 'self', { ...now, offered: now.offered.filter((id) => !ids.includes(id)) });
    });
  }

  async function refill(): Promise<void> {
    await offer();
    const { count } = await relay.request('prekeys/count', {});
    if (count >= REFILL_BELOW) return;
    await core.step((step) => makeOneTimePrekeys(core, step, ONE_TIME_PREKEYS - count));
    await offer();
  }

  async function certificate(): Promise<void> {
    if (core.now() - core.account().certificateAt < CERTIFICATE_RENEW_MS) return;
    const answer = await relay.request('certificate', {});
    await core.step((step) =>
      step.put('account', 'self', { ...accountIn(step), certificate: answer.certificate, certificateAt: core.now() }),
    );
  }

  async function maintain(): Promise<void> {
    await core.step((step) => deleteOld(step, core.now()));
    await publishRecord();
    await certificate();
    await refill();
  }

  function again(afterMs: number): void {
    core.later(afterMs, () => {
      // What did not work is due again at the next check.
      maintain()
        .catch(() => undefined)
        .finally(() => again(CHECK_EVERY_MS));
    });
  }

  let started = false;
  return {
    maintain,
    start() {
      if (started) return;
      started = true;
      again(core.chance() * REFILL_JITTER_MS);
    },
  };
}
