/**
 * Envelopes in the order of the mailbox: what can be opened is applied and what cannot is passed over, several to one commit, and only
 * then acknowledged. Seen again after a crash, an envelope is acknowledged and nothing else.
 */
import { concat, primitives, toBase64url } from '../../crypto/index.ts';
import type { DeliverFrame } from '../../server/protocol/frames.ts';
import { VaultFailure } from '../ports/vault.ts';
import { Failure } from './api.ts';
import type { Core } from './core.ts';
import { isCutOff } from './failure.ts';
import { NeedsAccount } from './open-pairwise.ts';
import type { Step } from './step.ts';

// So many envelopes share a commit when there is a backlog.
const BATCH = 16;

// Envelopes remembered: chunks of 64, the oldest chunk overwritten. Far more than a relay's window of unacknowledged ones.
const CHUNK_IDS = 64;
const CHUNKS = 64;
const FINGERPRINT_BYTES = 16;

export type Taken = { envelopeId: Uint8Array<ArrayBuffer>; body: Uint8Array<ArrayBuffer>; storedAt: number };

export type InboxParts = {
  core: Core;
  /** Throws `NeedsAccount` for what must be asked first, anything else for what is to be dropped; then nothing of it is kept. */
  take(step: Step, envelope: Taken, mayAsk: boolean): Promise<void>;
  ask(accountId: string): Promise<unknown>;
  ack(sequence: number): void;
  /** Not to be helped by going on: the connection is given up and the relay delivers again. */
  stuck(): void;
};

export type Inbox = {
  deliver(frame: DeliverFrame): void;
  /** Resolves when all that was delivered before is committed. */
  emptied(): Promise<void>;
  /** Forgets what the relay will deliver again. */
  reset(): void;
};

export function createInbox({ core, take, ask, ack, stuck }: InboxParts): Inbox {
  const chunks = new Map<number, string[]>();
  for (const [key, { ids }] of core.read.all('seen')) chunks.set(Number(key), [...ids]);
  const seen = new Set([...chunks.values()].flat());
  let chunk = [...chunks].find(([, ids]) => ids.length < CHUNK_IDS)?.[0] ?? chunks.size % CHUNKS;
  let queue: DeliverFrame[] = [];
  let round = 0;
  let working: Promise<void> | null = null;
  let waiters: { until: DeliverFrame | undefined; resolve(): void; reject(error: unknown): void }[] = [];

  /** Notes the ids in the step; what it returns brings the memory to it after the commit. */
  function remember(step: Step, ids: string[]): () => void {
    let number = chunk;
    const changed = new Map<number, string[]>();
    for (const id of ids) {
      let now = changed.get(number) ?? chunks.get(number) ?? [];
      if (now.length >= CHUNK_IDS) {
        number = (number + 1) % CHUNKS;
        now = [];
      }
      changed.set(number, [...now, id]);
    }
    for (const [key, list] of changed) step.put('seen', String(key), { ids: list });
    return () => {
      for (const [key, list] of changed) {
        for (const old of chunks.get(key) ?? []) if (!list.includes(old)) seen.delete(old);
        chunks.set(key, list);
      }
      for (const id of ids) seen.add(id);
      chunk = number;
    };
  }

  /** Of the id and what came under it: the id alone could be taken by other content before the true one is here. */
  function fingerprint({ envelopeId, body }: DeliverFrame): string {
    return toBase64url(primitives.sha256(concat(envelopeId, body)).subarray(0, FINGERPRINT_BYTES));
  }

  async function takeOne(step: Step, frame: DeliverFrame, mayAsk: boolean): Promise<void> {
    try {
      await step.attempt((inner) => take(inner, frame, mayAsk));
    } catch (error) {
      // Whatever an envelope causes is its own end; only what is not its fault (the disk, a lock, a question to the relay) stops the mailbox.
      if (error instanceof NeedsAccount || error instanceof Failure || error instanceof VaultFailure) throw error;
    }
  }

  /** Takes what it can in one commit; says how many frames are done and whom to ask before the next. */
  async function takeBatch(batch: DeliverFrame[], mayAsk: boolean): Promise<{ done: number; needs: string | null }> {
    return core.step(async (step) => {
      const ids: string[] = [];
      let needs: string | null = null;
      let last: DeliverFrame | undefined;
      let done = 0;
      for (const frame of batch) {
        const id = fingerprint(frame);
        if (!seen.has(id) && !ids.includes(id)) {
          try {
            await takeOne(step, frame, mayAsk);
          } catch (error) {
            if (!(error instanceof NeedsAccount)) throw error;
            needs = error.accountId;
            break;
          }
          ids.push(id);
        }
        last = frame;
        done++;
      }
      if (last) {
        const { sequence } = last;
        const remembered = remember(step, ids);
        step.put('cursor', 'self', { sequence });
        step.after(() => {
          remembered();
          ack(sequence);
        });
      }
      return { done, needs };
    });
  }

  async function askFor(accountId: string): Promise<void> {
    try {
      await ask(accountId);
    } catch (error) {
      // Without the relay nothing can be judged: it delivers again. Any other answer leaves the message unjudged, and so dropped.
      if (isCutOff(error)) throw error;
    }
  }

  async function work(mine: number): Promise<void> {
    let mayAsk = true;
    while (queue.length > 0 && mine === round && !core.stopped()) {
      const { done, needs } = await takeBatch(queue.slice(0, mayAsk ? BATCH : 1), mayAsk);
      if (mine !== round) return;
      queue.splice(0, done);
      mayAsk = needs === null;
      if (needs !== null) await askFor(needs);
      release();
    }
  }

  function release(): void {
    const ready = waiters.filter(({ until }) => !until || !queue.includes(until));
    waiters = waiters.filter((one) => !ready.includes(one));
    for (const { resolve } of ready) resolve();
  }

  function start(): void {
    if (working) return;
    const mine = round;
    working = work(mine)
      .catch(() => {
        if (mine === round && !core.stopped()) stuck();
      })
      .finally(() => {
        working = null;
        if (queue.length > 0 && mine !== round) start();
      });
  }

  return {
    deliver(frame) {
      queue.push(frame);
      start();
    },
    emptied() {
      const until = queue.at(-1);
      if (!until) return Promise.resolve();
      return new Promise((resolve, reject) => waiters.push({ until, resolve, reject }));
    },
    reset() {
      round++;
      queue = [];
      for (const { reject } of waiters) reject(new Error('reset'));
      waiters = [];
    },
  };
}
