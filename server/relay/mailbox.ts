import type { Clock } from '../ports.ts';
import type { SubmitFrame } from '../protocol/frames.ts';
import type { Bytes } from '../protocol/bytes.ts';
import type { Store, Submission, SubmissionResult, WaitingEnvelope } from '../store/store.ts';
import { sha256 } from './ed25519.ts';
import type { RecentEnvelopes } from './recent-envelopes.ts';

type Placed = (deviceRow: number, envelope: WaitingEnvelope) => void;
type Answer = (result: SubmissionResult) => void;
type Queued = { submission: Submission; answer: Answer };
type Parts = { store: Store; clock: Clock; stamp: () => number; recent: RecentEnvelopes; placed: Placed; failed: (error: unknown) => void };

// Bounds how long one transaction keeps the event loop.
const MAX_BATCH = 1_000;

// Nobody waits for an acknowledgement, so they are gathered for longer than a tick.
const ACKNOWLEDGE_AFTER_MS = 20;

/**
 * Group commit: what arrives within one turn of the event loop becomes one transaction, and nobody is answered before it is on disk.
 * Acknowledgements have transactions of their own, so that none ever holds an envelope together with a row of whoever submitted it.
 */
export function mailbox({ store, clock, stamp, recent, placed, failed }: Parts) {
  let queue: Queued[] = [];
  let flushing = false;
  let acknowledged = new Map<number, number>();
  let acknowledging: Promise<void> = Promise.resolve();
  let acknowledgeSoon = false;

  function settle({ submission, answer }: Queued, result: SubmissionResult): void {
    answer(result);
    if (!result.accepted) return;
    const { envelopeId, digest, body } = submission;
    for (const { deviceRow, sequence } of result.placed)
      placed(deviceRow, { sequence, envelopeId, digest, storedAt: result.storedAt, body });
  }

  async function flush(): Promise<void> {
    const batch = queue.slice(0, MAX_BATCH);
    queue = queue.slice(MAX_BATCH);
    try {
      const submissions = batch.map((queued) => queued.submission);
      const results = await store.submit(submissions, recent.digestOf);
      for (const [index, queued] of batch.entries()) settle(queued, results[index] as SubmissionResult);
    } catch (error) {
      failed(error);
      for (const { answer } of batch) answer({ accepted: false, code: 'unavailable', accounts: [] });
    }
    if (queue.length > 0) setImmediate(flush);
    else flushing = false;
  }

  async function flushAcknowledgements(): Promise<void> {
    await acknowledging;
    if (acknowledged.size === 0) return;
    const batch = acknowledged;
    acknowledged = new Map();
    // Lost on failure or crash: the envelopes are delivered once more, and the client knows their ids.
    acknowledging = store.acknowledge(batch).catch(failed);
    await acknowledging;
  }

  return {
    submit(frame: SubmitFrame, answer: Answer): void {
      const { recipients } = frame;
      const [envelopeId, body] = [frame.envelopeId as Bytes, frame.body as Bytes];
      queue.push({ submission: { envelopeId, digest: sha256(body), recipients, body, now: stamp() }, answer });
      if (flushing) return;
      flushing = true;
      setImmediate(flush);
    },

    acknowledge(deviceRow: number, upTo: number): void {
      acknowledged.set(deviceRow, upTo);
      if (acknowledgeSoon) return;
      acknowledgeSoon = true;
      clock.setTimer(ACKNOWLEDGE_AFTER_MS, () => {
        acknowledgeSoon = false;
        void flushAcknowledgements();
      });
    },

    flushAcknowledgements,
  };
}

export type MailboxQueue = ReturnType<typeof mailbox>;
