import type { Config } from '../config/config.ts';
import type { RateName } from '../config/rates.ts';
import type { Clock, RandomBytes } from '../ports.ts';
import { toBase64url } from '../protocol/bytes.ts';
import { GROUP_READ_SKEW_MS } from '../protocol/limits.ts';
import { openStoreThread } from '../store/thread.ts';
import { type CalendarLog, calendar as openCalendar } from './calendar.ts';
import { certificates } from './certificates.ts';
import { type Counts, uncounted } from './counts.ts';
import { delivery } from './delivery.ts';
import { type DiskLog, diskWatch } from './disk.ts';
import { sha256 } from './ed25519.ts';
import { newInviteId } from './invite-id.ts';
import { loginNonces } from './login-nonce.ts';
import { mailbox } from './mailbox.ts';
import { openWork } from './open-work.ts';
import { rateLimits } from './rate-limit.ts';
import { openWithKey } from './relay-key.ts';
import { retention } from './retention.ts';
import { singleUse } from './single-use.ts';
import { timeMark } from './time-mark.ts';
import { strangerLimits } from './stranger-limit.ts';
import { deviceTokens } from './tokens.ts';

export type RelayPorts = { clock: Clock; random: RandomBytes };
export type RelayLog = {
  failed(error: unknown): void;
  expired(envelopes: number): void;
  committed(tookMs: number): void;
  limited(rate: RateName): void;
  disk: DiskLog;
  calendar: CalendarLog;
  /** The store has ended by itself: nothing can be kept any more. */
  lost(error: Error): void;
};

/** Everything the routes work with, put together once. `origin` is asked late, as with port 0 it is known only after listening. */
export async function openRelay(
  config: Config,
  { clock, random }: RelayPorts,
  origin: () => string,
  log: RelayLog,
  counts: Counts = uncounted,
) {
  const quota = { maxEnvelopes: config.mailboxEnvelopes, maxBytes: config.mailboxMib * 1_048_576 };
  const { key, store } = await openWithKey(config.dataDir, ({ retiredKey }) =>
    openStoreThread({ dataDir: config.dataDir, quota, retiredKey }, log.lost),
  );
  const disk = diskWatch({ dataDir: config.dataDir, minFreeBytes: config.minFreeMib * 1_048_576, clock, store, log: log.disk });
  const calendar = openCalendar(clock, timeMark(config.dataDir, failed), log.calendar);
  const work = openWork();
  const sockets = delivery({ store, failed });
  const queue = mailbox({
    store,
    clock,
    stamp: calendar.latest,
    placed: sockets.placed,
    failed,
    committed,
    acknowledgedSome: counts.acknowledged,
  });
  const stopRetention = retention({ store, clock, calendar, expired, failed });
  calendar.remember();

  function failed(error: unknown): void {
    if (!disk.note(error)) log.failed(error);
  }
  function committed(submits: number, tookMs: number): void {
    counts.committed(submits, tookMs);
    log.committed(tookMs);
  }
  function expired(envelopes: number): void {
    counts.expired(envelopes);
    log.expired(envelopes);
  }
  function limited(rate: RateName): void {
    counts.limited(rate);
    log.limited(rate);
  }
  const limits = rateLimits(clock, config.rateFactor, limited);

  return {
    config,
    clock,
    calendar,
    random,
    origin,
    store,
    queue,
    sockets,
    counts,
    disk,
    work,
    certificateKeyX: key.publicX,
    limits,
    strangers: strangerLimits(limits),
    tokens: deviceTokens(clock, store, origin),
    certificate: certificates(clock, key, origin),
    loginNonces: loginNonces(clock, random),
    // A read request is good from its time −skew to +skew, so its nonce must be known for twice that.
    // Against whoever sees requests and repeats one: he has seen the answer already. A flood of nonces must not keep anybody from reading.
    groupReadNonces: singleUse(clock, 2 * GROUP_READ_SKEW_MS, 'forget'),

    /** The code that makes the first account, and it an admin; undefined once it was used. */
    async firstInvite(): Promise<string | undefined> {
      const open = await store.openFirstInvite(newInviteId(random), sha256(key.firstInvite));
      return open ? toBase64url(key.firstInvite) : undefined;
    },

    /** Whether whoever comes now is served. */
    async isReady(): Promise<boolean> {
      if (work.isStopping() || !disk.hasRoom()) return false;
      return store.schema().then(
        () => true,
        () => false,
      );
    },

    /** Takes nothing more in, and resolves when what was taken in is on disk and answered. */
    async drain(): Promise<void> {
      await work.stop();
      await queue.drained();
      await queue.flushAcknowledgements();
    },

    async close(): Promise<void> {
      stopRetention();
      disk.stop();
      calendar.remember();
      await queue.drained();
      await queue.flushAcknowledgements();
      await store.close();
    },
  };
}

export type Relay = Awaited<ReturnType<typeof openRelay>>;
