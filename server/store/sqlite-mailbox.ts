import type { Database } from 'better-sqlite3';
import { ENVELOPE_KEEP_MS } from '../protocol/limits.ts';
import { hasRoom, privilegesOf } from './delivery-token.ts';
import type { DeviceRows } from './device-rows.ts';
import { HOUR_MS } from './hours.ts';
import { mailboxQueries } from './mailbox-queries.ts';
import type { Prepare } from './query.ts';
import type { MailboxAddress, MailboxStore, Remembered, Submission, SubmissionResult, WaitingEnvelope } from './store.ts';

/** How much may wait for one device before senders are told `mailbox_full`. */
export type MailboxQuota = { maxEnvelopes: number; maxBytes: number };

type Mailbox = { lastSequence: number; acknowledged: number; envelopes: number; bytes: number };

// Stored in the hour that has begun, kept for the full time after the hour has ended.
const KEEP_HOURS = ENVELOPE_KEEP_MS / HOUR_MS + 1;

// So many bodies are looked at in one go, between which the relay answers others.
const EXPIRE_BODIES_AT_ONCE = 500;

function equal(a: Uint8Array, b: Uint8Array): boolean {
  return Buffer.compare(a, b) === 0;
}

export function sqliteMailbox(database: Database, prepared: Prepare, devices: DeviceRows, quota: MailboxQuota) {
  const query = mailboxQueries(prepared);
  const mailboxes = new Map<number, Mailbox>();

  function mailboxOf(device: number): Mailbox {
    const known = mailboxes.get(device);
    if (known) return known;
    const cursors = query.cursors.get({ device });
    const fill = query.fill.get({ device });
    const mailbox: Mailbox = {
      lastSequence: cursors?.last_sequence ?? 0,
      acknowledged: cursors?.acknowledged ?? 0,
      envelopes: fill?.envelopes ?? 0,
      bytes: fill?.bytes ?? 0,
    };
    mailboxes.set(device, mailbox);
    return mailbox;
  }

  function accountsOf(submission: Submission, chosen: (index: number) => boolean): string[] {
    return [...new Set(submission.recipients.filter((_, index) => chosen(index)).map((recipient) => recipient.accountId))];
  }

  /** Every check comes before the first write: a submission that is refused has stored nothing. */
  function place(submission: Submission, remembered: Remembered, touched: Set<number>): SubmissionResult {
    const { envelopeId, digest, body } = submission;
    const rows = submission.recipients.map(devices.rowOf);
    const mismatched = accountsOf(submission, (index) => rows[index] === undefined);
    if (mismatched.length > 0) return { accepted: false, code: 'mismatched_devices', accounts: mismatched };

    const sameId = query.bodiesOfEnvelope.all({ envelopeId });
    const knownAs = (device: number) =>
      sameId.find((other) => query.isWaiting.get({ device, body: other.row }))?.digest ?? remembered(device, envelopeId);
    const known = rows.map((row) => knownAs(row as number));
    const conflicting = accountsOf(submission, (index) => !equal(known[index] ?? digest, digest));
    if (conflicting.length > 0) return { accepted: false, code: 'conflict', accounts: conflicting };

    const privileged = privilegesOf(submission.recipients, devices.verifierOf);
    const full = accountsOf(submission, (index) => {
      const fits = hasRoom(mailboxOf(rows[index] as number), body.length, quota, privileged[index] as boolean);
      return known[index] === undefined && !fits;
    });
    if (full.length > 0) return { accepted: false, code: 'mailbox_full', accounts: full };

    const storedHour = Math.floor(submission.now / HOUR_MS);
    const targets = (rows as number[]).filter((_, index) => known[index] === undefined);
    const placed: MailboxAddress[] = [];
    let bodyRow = sameId.find((other) => equal(other.digest, digest))?.row;
    if (targets.length > 0)
      bodyRow ??= query.insertBody.run({ envelopeId, digest, expiresHour: storedHour + KEEP_HOURS, body }).lastInsertRowid;
    for (const device of targets) {
      const mailbox = mailboxOf(device);
      touched.add(device);
      mailbox.lastSequence += 1;
      mailbox.envelopes += 1;
      mailbox.bytes += body.length;
      query.insertWaiting.run({ device, sequence: mailbox.lastSequence, body: bodyRow as number, size: body.length });
      placed.push({ deviceRow: device, sequence: mailbox.lastSequence });
    }
    const strangers = submission.recipients.filter((_, index) => known[index] === undefined && !privileged[index]);
    return { accepted: true, storedAt: storedHour * HOUR_MS, placed, strangers };
  }

  /** What is in memory of these mailboxes may be ahead of a transaction that failed: read them again. */
  function atomically<Result>(work: (touched: Set<number>) => Result): Result {
    const touched = new Set<number>();
    try {
      return database.transaction(() => work(touched)).immediate();
    } catch (error) {
      for (const device of touched) mailboxes.delete(device);
      throw error;
    }
  }

  function submitAll(batch: readonly Submission[], remembered: Remembered): SubmissionResult[] {
    return atomically((touched) => {
      const results = batch.map((submission) => place(submission, remembered, touched));
      for (const device of touched) query.setLastSequence.run({ device, sequence: mailboxOf(device).lastSequence });
      return results;
    });
  }

  function release(device: number, removed: readonly { body: number; size: number }[]): void {
    const mailbox = mailboxOf(device);
    for (const { body, size } of removed) {
      mailbox.envelopes -= 1;
      mailbox.bytes -= size;
      query.deleteBodyIfUnused.run({ body });
    }
  }

  function acknowledgeAll(acknowledgements: ReadonlyMap<number, number>): void {
    atomically((touched) => {
      for (const [device, upTo] of acknowledgements) {
        const mailbox = mailboxOf(device);
        touched.add(device);
        release(device, query.deleteUpTo.all({ device, upTo }));
        mailbox.acknowledged = Math.max(mailbox.acknowledged, upTo);
        query.setAcknowledged.run({ device, sequence: mailbox.acknowledged });
      }
    });
  }

  /** Bodies are numbered in the order they came, so the first that still lives ends the search. */
  function expireSome(hour: number): { expired: number; done: boolean } {
    return atomically((touched) => {
      const oldest = query.oldestBodies.all({ limit: EXPIRE_BODIES_AT_ONCE });
      const over = oldest.filter((body) => body.expires_hour <= hour);
      let expired = 0;
      for (const { row } of over) {
        for (const entry of query.deleteWaitingOfBody.all({ body: row })) {
          touched.add(entry.device);
          release(entry.device, [{ body: row, size: entry.size }]);
          expired += 1;
        }
      }
      return { expired, done: over.length < EXPIRE_BODIES_AT_ONCE };
    });
  }

  const store: MailboxStore = {
    submit: async (batch, remembered) => submitAll(batch, remembered),
    acknowledge: async (acknowledgements) => acknowledgeAll(acknowledgements),
    async mailbox(device) {
      const { acknowledged, lastSequence, envelopes } = mailboxOf(device);
      return { acknowledged, lastSequence, waiting: envelopes };
    },
    async waiting(device, after, maxEnvelopes, maxBytes) {
      const page: WaitingEnvelope[] = [];
      let size = 0;
      for (const entry of query.waitingAfter.all({ device, after, limit: maxEnvelopes })) {
        size += entry.size;
        if (page.length > 0 && size > maxBytes) break;
        const body = query.body.get({ body: entry.body });
        if (!body) throw new Error('a mailbox names a body that is gone');
        page.push({
          sequence: entry.sequence,
          envelopeId: new Uint8Array(body.envelope_id),
          digest: new Uint8Array(body.digest),
          storedAt: (body.expires_hour - KEEP_HOURS) * HOUR_MS,
          body: new Uint8Array(body.body),
        });
      }
      return page;
    },
    resolve: async (recipients) => recipients.map(devices.rowOf).filter((row) => row !== undefined),
    async expire(now) {
      const hour = Math.floor(now / HOUR_MS);
      let total = 0;
      for (let done = false; !done; ) {
        const some = expireSome(hour);
        total += some.expired;
        done = some.done;
        await new Promise((resolve) => setImmediate(resolve));
      }
      return total;
    },
  };

  return {
    store,
    /** Inside the transaction that removes the device. */
    erase(device: number): void {
      release(device, query.deleteUpTo.all({ device, upTo: Number.MAX_SAFE_INTEGER }));
      mailboxes.delete(device);
    },
  };
}

export type MailboxRows = ReturnType<typeof sqliteMailbox>;
