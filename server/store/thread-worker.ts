/** The store's thread: SQLite blocks while it waits for the disk, and here nobody else waits with it. */
import { parentPort, workerData } from 'node:worker_threads';
import type { Bytes } from '../protocol/bytes.ts';
import { ProtocolError } from '../protocol/errors.ts';
import { keepDriverIn } from './inner-addon.ts';
import { packEnvelopes, packResults, unpackBytes } from './packing.ts';
import { openSqlite } from './sqlite.ts';
import type { Moment, Store, Submission } from './store.ts';
import { type Answer, type Call, type CallError, OPENING, type ThreadSetup } from './thread-calls.ts';

type Method = (...args: unknown[]) => Promise<unknown>;
type Outcome = { result: unknown; transfer: ArrayBuffer[] };

function errorOf(error: unknown): CallError {
  const thrown = error instanceof Error ? error : new Error(String(error));
  return {
    name: thrown.name,
    message: thrown.message,
    stack: thrown.stack,
    systemCode: 'code' in thrown && !(thrown instanceof ProtocolError) ? String(thrown.code) : undefined,
    refusal:
      thrown instanceof ProtocolError ? { code: thrown.code, retryAfterMs: thrown.retryAfterMs, accounts: thrown.accounts } : undefined,
  };
}

async function run(store: Store, { method, args }: Call): Promise<Outcome> {
  if (method === 'submit') {
    const [parts, at] = [unpackBytes(args[0] as ArrayBuffer), args[1] as Moment];
    const submissions: Submission[] = [];
    for (let index = 0; index < parts.length; index += 2) {
      submissions.push({ frame: parts[index] as Bytes, digest: parts[index + 1] as Bytes });
    }
    const packed = packResults(await store.submit(submissions, at));
    return { result: packed, transfer: [packed.numbers.buffer] };
  }
  const result = await (store[method] as Method)(...args);
  if (method !== 'waiting') return { result, transfer: [] };
  const packed = packEnvelopes(result as Awaited<ReturnType<Store['waiting']>>);
  return { result: packed, transfer: [packed.numbers.buffer, packed.bytes] };
}

function serve(port: NonNullable<typeof parentPort>): void {
  const answer = (message: Answer, transfer: ArrayBuffer[] = []): void => port.postMessage(message, transfer);
  let store: Store;
  try {
    const { dataDir, ...options } = workerData as ThreadSetup;
    keepDriverIn(() => dataDir);
    store = openSqlite(dataDir, options);
  } catch (error) {
    answer({ id: OPENING, error: errorOf(error) });
    return;
  }
  port.on('message', (call: Call) => {
    run(store, call)
      .then(
        ({ result, transfer }) => answer({ id: call.id, result }, transfer),
        (error: unknown) => answer({ id: call.id, error: errorOf(error) }),
      )
      // With nothing left to hear, the thread ends by itself.
      .finally(() => call.method === 'close' && port.close());
  });
  answer({ id: OPENING });
}

if (parentPort) serve(parentPort);
