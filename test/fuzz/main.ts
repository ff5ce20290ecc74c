/**
 * `npm run fuzz`: a million inputs over all targets. `--inputs N` or `--minutes N` for another amount, `--seed text` to repeat a run, names
 * (or parts of names) for some targets alone. Ends with 1 and the input when something was found.
 */
import { randomBytes } from 'node:crypto';
import { availableParallelism } from 'node:os';
import { parseArgs } from 'node:util';
import { Worker } from 'node:worker_threads';
import { type Finding, shareOut } from './run.ts';
import type { Target } from './target.ts';
import { allTargets } from './targets/index.ts';
import { COUNT_AT, INPUT_AT, LENGTH_AT, SHARED_BYTES, type Task, type WorkerNews } from './worker-messages.ts';

const DEFAULT_INPUTS = 1_000_000;
// Longer than the heaviest input on a loaded machine.
const HANG_MS = 30_000;
const WATCH_MS = 1_000;
const MAX_WORKERS = 4;
const HEAP_MIB = 1_024;
const ROOM_BYTES = 4 * 2 ** 30;

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: { seed: { type: 'string' }, inputs: { type: 'string' }, minutes: { type: 'string' } },
});

function amount(text: string | undefined, name: string): number | undefined {
  if (text === undefined) return undefined;
  const value = Number(text.replaceAll('_', ''));
  if (Number.isFinite(value) && value > 0) return value;
  console.error(`--${name} takes a number above 0.`);
  return process.exit(2);
}

const seed = values.seed ?? randomBytes(8).toString('hex');
const minutes = amount(values.minutes, 'minutes');
const inputs = amount(values.inputs, 'inputs') ?? (minutes ? Number.POSITIVE_INFINITY : DEFAULT_INPUTS);
const targets: readonly Target[] = allTargets.filter(
  ({ name }) => positionals.length === 0 || positionals.some((part) => name.includes(part)),
);
if (targets.length === 0) {
  console.error(`There is no such target. There are:\n${allTargets.map(({ name }) => `  ${name}`).join('\n')}`);
  process.exit(2);
}

const shares = minutes ? targets.map(() => Number.POSITIVE_INFINITY) : shareOut(targets, inputs);
const wholeMs = (minutes ?? 0) * 60_000;
const workers = Math.min(MAX_WORKERS, availableParallelism(), targets.length);
const waiting: Task[] = targets.map((target, i) => ({
  target: target.name,
  seed,
  inputs: shares[i] as number,
  // With a time, every target gets the same part of it.
  ms: minutes ? (wholeMs * workers) / targets.length : null,
}));

let done = 0;
let finished = 0;
const findings: Finding[] = [];
const running = new Set<{ count(): number }>();

function progress(): void {
  const now = done + [...running].reduce((sum, worker) => sum + worker.count(), 0);
  process.stderr.write(`fuzz: ${now} inputs, ${finished} of ${targets.length} targets, ${findings.length} failures\n`);
}

/** Gives one worker tasks until there are none. A worker that hangs or dies is blamed on the input it was at. */
function work(): Promise<void> {
  return new Promise((resolve) => {
    const shared = new SharedArrayBuffer(SHARED_BYTES);
    const view = new DataView(shared);
    const worker = new Worker(new URL('./worker.ts', import.meta.url), {
      workerData: shared,
      resourceLimits: { maxOldGenerationSizeMb: HEAP_MIB },
    });
    let task: Task | undefined;
    let seen = -1;
    let seenAt = Date.now();
    const self = { count: () => (task ? view.getUint32(COUNT_AT) : 0) };
    running.add(self);

    function end(then: () => void): void {
      clearInterval(watch);
      running.delete(self);
      void worker.terminate();
      then();
    }
    function blame(what: string): void {
      const input = new Uint8Array(shared.slice(INPUT_AT, INPUT_AT + view.getUint32(LENGTH_AT)));
      if (task) findings.push({ target: task.target, seed, what, hex: Buffer.from(input).toString('hex') });
      done += self.count();
      task = undefined;
      // Another worker goes on with what is left.
      end(() => void work().then(resolve));
    }
    function next(): void {
      task = waiting.shift();
      view.setUint32(COUNT_AT, 0);
      if (task) worker.postMessage(task);
      else end(resolve);
    }
    const watch = setInterval(() => {
      const count = view.getUint32(COUNT_AT);
      if (count !== seen) [seen, seenAt] = [count, Date.now()];
      else if (task && Date.now() - seenAt > HANG_MS) blame(`no answer within ${HANG_MS} ms`);
      if (process.memoryUsage.rss() > ROOM_BYTES) blame(`more than ${ROOM_BYTES} bytes of memory`);
    }, WATCH_MS);

    worker.on('message', ({ outcome }: WorkerNews) => {
      done += outcome.inputs;
      finished++;
      if (outcome.finding) findings.push(outcome.finding);
      task = undefined;
      next();
    });
    worker.on('error', (error) => blame(`the worker died: ${String(error)}`));
    next();
  });
}

console.log(`fuzz: seed ${seed}`);
const ticker = setInterval(progress, 5_000);
await Promise.all(Array.from({ length: workers }, work));
clearInterval(ticker);
for (const { target, what, hex } of findings) {
  console.error(
    `\n${target}, seed ${seed}: ${what}\ninput: ${hex === '' ? '(empty)' : hex}\nagain: npm run fuzz -- --seed ${seed} '${target}'`,
  );
}
console.log(`fuzz: ${done} inputs, ${targets.length} targets, ${findings.length} failures`);
// Not exit(): a long input may still be on its way into a pipe.
process.exitCode = findings.length > 0 ? 1 : 0;
