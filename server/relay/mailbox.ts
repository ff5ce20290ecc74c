import type { Clock } from '../ports.ts';
import type { SubmitFrame } from '../protocol/frames.ts';
import type { Bytes } from '../protocol/bytes.ts';
import { digestOf } from '../store/digest.ts';
import type { Store, Submission, SubmissionResult, WaitingEnvelope } from '../store/store.ts';

type Placed = (deviceRow: number, envelope: WaitingEnvelope) => void;
type Answer = (result: SubmissionResult) => void;
type Queued = Submission & { parsed: SubmitFrame; answer: Answer };
type Acknowledged = { upTo: number; envelopes: number };
type Parts = {
  store: Store;
  clock: Clock;
  /** The calendar to stamp with. */
  stamp: () => number;
  placed: Placed;
  failed: (error: unknown) => void;
  committed: (submits: number, tookMs: number) => void;
  acknowledgedSome: (envelopes: number) => void;
};

// Bounds on one transaction, so that nobody waits long for another's: mailbox entries written or deleted, and bytes.
const MAX_COMMIT_ENTRIES = 1_000;
const MAX_COMMIT_BYTES = 4 * 1_048_576;

// What may wait for its transaction, of all sockets together: a disk that stands still must not fill the memory.
const MAX_QUEUED_BYTES = 64 * 1_048_576;

// Nobody waits for an acknowledgement, so they are gathered for longer than a tick.
const ACKNOWLEDGE_AFTER_MS = 20;

/** As many from the front as one transaction may take, at least one. */
function frontOf<Item>(items: readonly Item[], entriesOf: (item: Item) => number, bytesOf: (item: Item) => number): number {
  let [count, entries, bytes] = [0, 0, 0];
  for (const item of items) {
    entries += entriesOf(item);
    bytes += bytesOf(item);
    if (count > 0 && (entries > MAX_COMMIT_ENTRIES || bytes > MAX_COMMIT_BYTES)) break;
    count += 1;
  }
  return count;
}

/**
 * Group commit: what arrives within one turn of the event loop, or while the transaction before it is written, becomes one transaction, and
 * nobody is answered before it is on disk. One at a time: the longer the disk takes, the more it writes at once.
 * Acknowledgements have transactions of their own, so that none ever holds an envelope together with a row of whoever submitted it.
 */
export function mailbox({ store, clock, stamp, placed, failed, committed, acknowledgedSome }: Parts) {
  let queue: Queued[] = [];
  let queuedBytes = 0;
  let underWay = false;
  let scheduled = false;
  const whenEmpty: (() => void)[] = [];
  let acknowledged = new Map<number, Acknowledged>();
  let acknowledging: Promise<void> = Promise.resolve();
  let acknowledgeSoon = false;

  function settle({ parsed, answer }: Queued, result: SubmissionResult): void {
    answer(result);
    if (!result.accepted) return;
    const [envelopeId, body] = [parsed.envelopeId as Bytes, parsed.body as Bytes];
    for (const { deviceRow, sequence } of result.placed) placed(deviceRow, { sequence, envelopeId, storedAt: result.storedAt, body });
  }

  async function commit(batch: readonly Queued[]): Promise<void> {
    underWay = true;
    const startedAt = clock.monotonic();
    try {
      const results = await store.submit(batch, { calendar: stamp(), monotonic: startedAt });
      for (const [index, queued] of batch.entries()) settle(queued, results[index] as SubmissionResult);
    } catch (error) {
      failed(error);
      for (const { answer } of batch) answer({ accepted: false, code: 'unavailable', accounts: [] });
    }
    committed(batch.length, clock.monotonic() - startedAt);
    underWay = false;
    flush();
  }

  function flush(): void {
    scheduled = false;
    if (queue.length > 0 && !underWay) {
      const count = frontOf(
        queue,
        ({ parsed }) => 1 + parsed.recipients.length,
        ({ frame }) => frame.length,
      );
      const batch = queue.slice(0, count);
      queue = queue.slice(count);
      for (const { frame } of batch) queuedBytes -= frame.length;
      void commit(batch);
    }
    if (queue.length > 0 || underWay) return;
    for (const resolve of whenEmpty.splice(0)) resolve();
  }

  async function acknowledgeGathered(): Promise<void> {
    const gathered = [...acknowledged];
    acknowledged = new Map();
    while (gathered.length > 0) {
      const count = frontOf(
        gathered,
        ([, { envelopes }]) => envelopes,
        () => 0,
      );
      const batch = new Map(gathered.splice(0, count).map(([deviceRow, { upTo }]) => [deviceRow, upTo]));
      // Lost on failure or crash: the envelopes are delivered once more, and the client knows their ids.
      await store.acknowledge(batch, clock.monotonic()).catch(failed);
    }
  }

  /** In turn, so that whoever awaits it knows that all he acknowledged before is deleted. */
  function flushAcknowledgements(): Promise<void> {
    acknowledging = acknowledging.then(acknowledgeGathered);
    return acknowledging;
  }

  return {
    /** `frame`: as it came; `parsed`: what it says. */
    submit(parsed: SubmitFrame, frame: Bytes, answer: Answer): void {
      if (queuedBytes + frame.length > MAX_QUEUED_BYTES) return answer({ accepted: false, code: 'unavailable', accounts: [] });
      // Made here, while the store is busy with others.
      queue.push({ parsed, frame, digest: digestOf(parsed.body), answer });
      queuedBytes += frame.length;
      if (scheduled) return;
      scheduled = true;
      setImmediate(flush);
    },

    acknowledge(deviceRow: number, upTo: number, envelopes: number): void {
      acknowledgedSome(envelopes);
      const before = acknowledged.get(deviceRow)?.envelopes ?? 0;
      acknowledged.set(deviceRow, { upTo, envelopes: before + envelopes });
      if (acknowledgeSoon) return;
      acknowledgeSoon = true;
      clock.setTimer(ACKNOWLEDGE_AFTER_MS, () => {
        acknowledgeSoon = false;
        void flushAcknowledgements();
      });
    },

    flushAcknowledgements,

    /** Resolves when everything handed in before has been answered. */
    drained(): Promise<void> {
      if (queue.length === 0 && !underWay) return Promise.resolve();
      return new Promise((resolve) => {
        whenEmpty.push(resolve);
      });
    },
  };
}

export type MailboxQueue = ReturnType<typeof mailbox>;
