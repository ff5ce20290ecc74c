import { getAsset, isSea } from 'node:sea';
import { Worker } from 'node:worker_threads';
import { ProtocolError } from '../protocol/errors.ts';
import { type PackedEnvelopes, type PackedResults, packBytes, unpackEnvelopes, unpackResults } from './packing.ts';
import type { Store } from './store.ts';
import { type Answer, type CallError, OPENING, type ThreadSetup } from './thread-calls.ts';

/** How scripts/binary names the thread's script inside the single executable. */
export const THREAD_ASSET = 'store-thread.cjs';

// Its objects live for one call. V8 would give it room for three times 16 MiB of them before it looks at what is still used.
const MAX_YOUNG_GENERATION_MIB = 12;

function startWorker(workerData: ThreadSetup): Worker {
  const options = { workerData, resourceLimits: { maxYoungGenerationSizeMb: MAX_YOUNG_GENERATION_MIB } };
  if (isSea()) return new Worker(getAsset(THREAD_ASSET, 'utf8'), { ...options, eval: true });
  return new Worker(new URL('./thread-worker.ts', import.meta.url), options);
}

type Waiting = { resolve(result: unknown): void; reject(error: Error): void };

function revived({ name, message, stack, systemCode, refusal }: CallError): Error {
  if (refusal) return new ProtocolError(refusal.code, refusal);
  const error = Object.assign(new Error(message), systemCode === undefined ? { name } : { name, code: systemCode });
  if (stack !== undefined) error.stack = stack;
  return error;
}

/**
 * The store on a thread of its own, so that a slow disk delays answers and never the relay: sockets are read, frames checked and envelopes
 * delivered while a transaction waits for the platter. Calls are done in the order in which they were made. `lost` is told once if the
 * thread ends by itself; everything asked of it then fails.
 */
export async function openStoreThread(setup: ThreadSetup, lost: (error: Error) => void): Promise<Store> {
  const worker = startWorker(setup);
  const waiting = new Map<number, Waiting>();
  /** Opened and not asked to close: only then is its end news to anybody. */
  let open = false;
  let gone: Error | undefined;
  let lastId = OPENING;

  const opened = new Promise<unknown>((resolve, reject) => waiting.set(OPENING, { resolve, reject }));
  worker.on('message', ({ id, result, error }: Answer) => {
    const asked = waiting.get(id);
    waiting.delete(id);
    if (error) asked?.reject(revived(error));
    else asked?.resolve(result);
  });
  function end(error: Error): void {
    if (gone) return;
    gone = error;
    for (const { reject } of waiting.values()) reject(error);
    waiting.clear();
    if (open) lost(error);
  }
  worker.on('error', end);
  const exited = new Promise<void>((resolve) => worker.once('exit', () => resolve()));
  worker.on('exit', () => end(new Error('the store has ended')));

  function call(method: keyof Store, args: unknown[], transfer: ArrayBuffer[] = []): Promise<unknown> {
    if (gone) return Promise.reject(gone);
    lastId += 1;
    const id = lastId;
    return new Promise((resolve, reject) => {
      waiting.set(id, { resolve, reject });
      worker.postMessage({ id, method, args }, transfer);
    });
  }

  try {
    await opened;
    open = true;
  } catch (error) {
    await exited;
    throw error;
  }

  const special: Partial<Store> = {
    async submit(submissions, at) {
      const packed = packBytes(submissions.flatMap(({ frame, digest }) => [frame, digest]));
      return unpackResults((await call('submit', [packed, at], [packed])) as PackedResults);
    },
    waiting: async (...range) => unpackEnvelopes((await call('waiting', range)) as PackedEnvelopes),
    async close() {
      open = false;
      await call('close', []);
      await exited;
    },
  };
  // Every other method goes through as it is; `then` must not look like one, or awaiting the store would call it.
  return new Proxy(special as Store, {
    get: (own, name) => Reflect.get(own, name) ?? (name === 'then' ? undefined : (...args: unknown[]) => call(name as keyof Store, args)),
  });
}
