import type { Database } from 'better-sqlite3';
import { parseClientFrame, type SubmitFrame } from '../protocol/frames.ts';
import type { ErrorCode } from '../protocol/errors.ts';
import { ENVELOPE_KEEP_MS } from '../protocol/limits.ts';
import { hasRoom, privilegesOf } from './delivery-token.ts';
import type { DeviceRows } from './device-rows.ts';
import { digestOf } from './digest.ts';
import { HOUR_MS } from './hours.ts';
import { idFilter } from './id-filter.ts';
import { mailboxQueries } from './mailbox-queries.ts';
import type { Prepare } from './query.ts';
import { packRows, RECIPIENT_ROW_BYTES, unpackRows } from './recipient-rows.ts';
import { recentEnvelopes } from './recent-envelopes.ts';
import type { MailboxAddress, MailboxStore, Moment, Submission, SubmissionResult, WaitingEnvelope } from './store.ts';

/** How much may wait for one device before senders are told `mailbox_full`. */
export type MailboxQuota = { maxEnvelopes: number; maxBytes: number };

/** Bodies that had several recipients, and who of them is done. */
type Shared = Map<number, number[]>;
type Mailbox = { lastSequence: number; acknowledged: number; envelopes: number; bytes: number };

// Stored in the hour that has begun, kept for the full time after the hour has ended.
const KEEP_HOURS = ENVELOPE_KEEP_MS / HOUR_MS + 1;

// So many entries of mailboxes run out in one transaction, between which the relay answers others; a body more may carry a whole group.
const EXPIRE_ROWS_AT_ONCE = 500;

// Rows read in one go, of those that are all read.
const IDS_AT_ONCE = 10_000;

function equal(a: Uint8Array, b: Uint8Array): boolean {
  return Buffer.compare(a, b) === 0;
}

export function sqliteMailbox(database: Database, prepared: Prepare, devices: DeviceRows, quota: MailboxQuota) {
  const query = mailboxQueries(prepared);
  const mailboxes = new Map<number, Mailbox>();
  const recent = recentEnvelopes();
  const seen = idFilter((add) => {
    for (let after: Uint8Array = new Uint8Array(); ; ) {
      const page = query.idsAfter.all({ after, limit: IDS_AT_ONCE });
      for (const { envelope_id } of page) add(envelope_id);
      if (page.length < IDS_AT_ONCE) return;
      after = page.at(-1)?.envelope_id ?? after;
    }
  });

  function mailboxOf(device: number): Mailbox {
    const known = mailboxes.get(device);
    if (known) return known;
    const cursors = query.cursors.get({ device });
    const fill = query.fill.get({ device });
    const mailbox: Mailbox = {
      // Written when something leaves the mailbox; until then the newest that waits is the last.
      lastSequence: Math.max(cursors?.last_sequence ?? 0, fill?.newest ?? 0),
      acknowledged: cursors?.acknowledged ?? 0,
      envelopes: fill?.envelopes ?? 0,
      bytes: fill?.bytes ?? 0,
    };
    mailboxes.set(device, mailbox);
    return mailbox;
  }

  function accountsOf({ recipients }: SubmitFrame, chosen: (index: number) => boolean): string[] {
    return [...new Set(recipients.filter((_, index) => chosen(index)).map(({ accountId }) => accountId))];
  }

  /** For each recipient whether its mailbox has, or just had, this very envelope; empty for nearly every envelope. */
  function knownTo(rows: readonly number[], envelopeId: Uint8Array, digest: Uint8Array, now: number): boolean[] {
    if (!seen.mayHave(envelopeId)) return [];
    const same = query.bodiesOfEnvelope.all({ envelopeId }).filter((other) => equal(other.digest, digest));
    const waiting = new Set(same.flatMap(({ recipients }) => unpackRows(recipients)));
    return rows.map((row) => waiting.has(row) || recent.knows(row, envelopeId, digest, now));
  }

  function refusal(frame: SubmitFrame, code: ErrorCode, chosen: (index: number) => boolean): SubmissionResult | undefined {
    const accounts = accountsOf(frame, chosen);
    return accounts.length > 0 ? { accepted: false, code, accounts } : undefined;
  }

  /** Every check comes before the first write: a submission that is refused has stored nothing. */
  function place(frame: SubmitFrame, digest: Uint8Array, at: Moment, touched: Set<number>): SubmissionResult {
    const { envelopeId, body, recipients } = frame;
    const found = recipients.map(devices.rowOf);
    const mismatched = refusal(frame, 'mismatched_devices', (index) => found[index] === undefined);
    if (mismatched) return mismatched;
    const rows = found as number[];
    const known = knownTo(rows, envelopeId, digest, at.monotonic);
    const privileged = privilegesOf(recipients, devices.verifierOf);
    const fits = (index: number) => hasRoom(mailboxOf(rows[index] as number), body.length, quota, privileged[index] as boolean);
    const refused = refusal(frame, 'mailbox_full', (index) => !known[index] && !fits(index));
    if (refused) return refused;

    const storedHour = Math.floor(at.calendar / HOUR_MS);
    const placed: MailboxAddress[] = [];
    const targets = rows.filter((_, index) => !known[index]);
    if (targets.length > 0) {
      const expiresHour = storedHour + KEEP_HOURS;
      const bodyRow = query.insertBody.run({
        envelopeId,
        digest,
        expiresHour,
        recipients: packRows(targets.toSorted((a, b) => a - b)),
        body,
      }).lastInsertRowid;
      seen.add(envelopeId);
      recent.placed(bodyRow, envelopeId, digest, targets);
      for (const device of targets) {
        const mailbox = mailboxOf(device);
        touched.add(device);
        mailbox.lastSequence += 1;
        mailbox.envelopes += 1;
        mailbox.bytes += body.length;
        query.insertWaiting.run({ device, sequence: mailbox.lastSequence, body: bodyRow, size: body.length });
        placed.push({ deviceRow: device, sequence: mailbox.lastSequence });
      }
    }
    // Repeats among them: who pays for what is new alone could read from his bucket what was fetched.
    const strangers = rows.flatMap((_, index) => (privileged[index] ? [] : [index]));
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

  function submitAll(submissions: readonly Submission[], at: Moment): SubmissionResult[] {
    const parsed = submissions.map(({ frame, digest }) => ({ frame: parseClientFrame(frame) as SubmitFrame, digest }));
    return atomically((touched) => parsed.map(({ frame, digest }) => place(frame, digest, at, touched)));
  }

  /**
   * Deletes up to and including `upTo`; the bodies that wait for others as well are gathered in `shared`. With `now` (monotonic) the device has
   * them, and that is remembered.
   */
  function removeUpTo(device: number, upTo: number, shared: Shared, now?: number): void {
    const mailbox = mailboxOf(device);
    for (const { body, size } of query.deleteUpTo.all({ device, upTo })) {
      mailbox.envelopes -= 1;
      mailbox.bytes -= size;
      const others = shared.get(body);
      if (others) others.push(device);
      else if (!removeSole(device, body, now)) shared.set(body, [device]);
    }
    query.setCursors.run({ device, lastSequence: mailbox.lastSequence, acknowledged: mailbox.acknowledged });
  }

  /** False: the body waits for others as well, and nothing was deleted. */
  function removeSole(device: number, body: number, now: number | undefined): boolean {
    if (now === undefined || recent.isRemembered(body, now)) return query.deleteBodyOfOne.run({ body }).changes > 0;
    const read = query.takeBodyOfOne.get({ body });
    if (read) recent.remember(device, read.envelope_id, read.digest, now);
    return read !== undefined;
  }

  /** Once for each body, however many are done with it: its list of recipients is written anew, and with the last it goes. */
  function releaseShared(shared: Shared, now?: number): void {
    for (const [body, done] of shared) {
      const found = query.sharedBody.get({ body });
      if (!found) throw new Error('a mailbox names a body that is gone');
      const away = new Set(done);
      const left = unpackRows(found.recipients).filter((row) => !away.has(row));
      if (left.length === 0) query.deleteBody.run({ body });
      else query.setRecipients.run({ body, recipients: packRows(left) });
      if (now !== undefined && !recent.isRemembered(body, now))
        for (const device of done) recent.remember(device, found.envelope_id, found.digest, now);
    }
  }

  function acknowledgeAll(acknowledgements: ReadonlyMap<number, number>, now: number): void {
    // An acknowledgement that power loss undoes is given again: the next commit that matters takes it to the disk with its own.
    database.pragma('synchronous = NORMAL');
    try {
      atomically((touched) => {
        const shared: Shared = new Map();
        for (const [device, upTo] of acknowledgements) {
          touched.add(device);
          const mailbox = mailboxOf(device);
          mailbox.acknowledged = Math.max(mailbox.acknowledged, upTo);
          removeUpTo(device, upTo, shared, now);
        }
        releaseShared(shared, now);
      });
    } finally {
      database.pragma('synchronous = FULL');
    }
  }

  /** The oldest bodies that have run out, as many as one transaction may take. They stand at the front of their mailboxes. */
  function expireSome(hour: number): { expired: number; done: boolean } {
    return atomically((touched) => {
      const oldest = query.oldestBodies.all({ limit: EXPIRE_ROWS_AT_ONCE });
      const lapsed = new Map<number, number>();
      let [last, expired] = [0, 0];
      for (const { row, expires_hour, recipients } of oldest) {
        if (expires_hour > hour || expired >= EXPIRE_ROWS_AT_ONCE) break;
        for (const device of unpackRows(recipients)) lapsed.set(device, (lapsed.get(device) ?? 0) + 1);
        expired += recipients.length / RECIPIENT_ROW_BYTES;
        last = row;
      }
      const shared: Shared = new Map();
      for (const [device, count] of lapsed) {
        touched.add(device);
        const front = query.sizesAfter.all({ device, after: 0, limit: count });
        const newest = front.findLast(({ body }) => body <= last);
        if (newest) removeUpTo(device, newest.sequence, shared);
      }
      releaseShared(shared);
      return { expired, done: expired === 0 };
    });
  }

  const store: MailboxStore = {
    submit: async (submissions, at) => submitAll(submissions, at),
    acknowledge: async (acknowledgements, now) => acknowledgeAll(acknowledgements, now),
    async mailbox(device) {
      const { acknowledged, lastSequence, envelopes } = mailboxOf(device);
      return { acknowledged, lastSequence, waiting: envelopes };
    },
    async waiting(device, after, maxEnvelopes, maxBytes) {
      for (let from = after; ; ) {
        let [limit, bytes, last] = [0, 0, from];
        for (const { size, sequence } of query.sizesAfter.all({ device, after: from, limit: maxEnvelopes })) {
          bytes += size;
          if (limit > 0 && bytes > maxBytes) break;
          limit += 1;
          last = sequence;
        }
        const page = query.envelopesAfter.all({ device, after: from, limit }).filter(({ sequence, digest, body }) => {
          // SQLite does not see when a disk changes bytes inside a body. What is damaged is passed over, so that it holds up nothing behind it.
          return sequence <= last && equal(digestOf(body), digest);
        });
        if (page.length > 0 || limit === 0)
          return page.map(
            ({ sequence, envelope_id, expires_hour, body }): WaitingEnvelope => ({
              sequence,
              envelopeId: new Uint8Array(envelope_id),
              storedAt: (expires_hour - KEEP_HOURS) * HOUR_MS,
              body: new Uint8Array(body),
            }),
          );
        from = last;
      }
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
      const shared: Shared = new Map();
      removeUpTo(device, Number.MAX_SAFE_INTEGER, shared);
      releaseShared(shared);
      mailboxes.delete(device);
    },
  };
}

export type MailboxRows = ReturnType<typeof sqliteMailbox>;
