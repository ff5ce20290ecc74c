import { spawn } from 'node:child_process';
import { readFileSync, rmSync } from 'node:fs';
import { RELAY_FLAGS } from './own-node.mjs';
import { setup, setupBeside, setupPackages } from '../setup.mjs';
import { inProject, root, Sentence } from './project.mjs';
import { markRunning } from './running.mjs';

// A terminal signals the whole group, a supervisor one process. The child gets ours only if it is still there after this, which is longer than
// the relay takes to close (CLOSE_WITHIN_MS in server/cli/serve.ts): a second signal would cut its goodbye short.
const FORWARD_AFTER_MS = 1_000;
// npm starts us through a shell and tells only that shell to end: we notice that our parent is gone.
const PARENT_POLL_MS = 300;
let interrupted = false;
const SIGNALS = /** @type {const} */ (['SIGINT', 'SIGTERM', 'SIGHUP']);
const SIGNAL_NUMBERS = { SIGHUP: 1, SIGINT: 2, SIGKILL: 9, SIGTERM: 15 };

/**
 * Runs one of the project's files on the project's own Node, in the same process group.
 * @param {string} node
 * @param {string[]} args
 * @param {(pid: number) => () => void} [whileRunning]
 * @returns {Promise<number>} its exit code
 */
function run(node, args, whileRunning) {
  return new Promise((resolve, reject) => {
    const child = spawn(node, args, { cwd: root, stdio: 'inherit' });
    const done = child.pid === undefined ? undefined : whileRunning?.(child.pid);
    /** @param {NodeJS.Signals} signal */
    const forward = (signal) => {
      interrupted = true;
      clearInterval(watch);
      setTimeout(() => child.kill(signal), FORWARD_AFTER_MS).unref();
    };
    for (const signal of SIGNALS) process.on(signal, forward);
    const parent = process.ppid;
    const watch = setInterval(() => {
      if (process.ppid === parent) return;
      clearInterval(watch);
      child.kill('SIGTERM');
    }, PARENT_POLL_MS).unref();
    if (process.env['npm_lifecycle_event'] === undefined) clearInterval(watch);
    child.on('error', reject).on('exit', (code, signal) => {
      for (const name of SIGNALS) process.off(name, forward);
      clearInterval(watch);
      done?.();
      resolve(code ?? 128 + (Object.entries(SIGNAL_NUMBERS).find(([name]) => name === signal)?.[1] ?? 0));
    });
  });
}

/**
 * @param {string} node
 * @param {string[]} vitest
 * @param {string} project one of those in vite.config.ts
 */
async function runCounted(node, vitest, project) {
  const report = inProject('.cache', `test-${project}.json`);
  rmSync(report, { force: true });
  const code = await run(node, [...vitest, '--project', project, '--reporter=default', '--reporter=json', `--outputFile.json=${report}`]);
  try {
    const { numPassedTests, numFailedTests } = JSON.parse(readFileSync(report, 'utf8'));
    return { code, said: `${project} ${numPassedTests} passed, ${numFailedTests} failed` };
  } catch {
    return { code: code || 1, said: `${project} did not finish` };
  }
}

/** @param {string[]} args */
async function test(args) {
  const node = await setupPackages('test');
  const vitest = [inProject('node_modules/vitest/vitest.mjs'), 'run', '--configLoader', 'native'];
  if (args.length > 0) {
    if (args.some((arg) => arg.includes('e2e'))) await setup('test');
    return run(node, [...vitest, ...args]);
  }
  // One after the other: a real browser and a full set of unit tests on two cores make each other late.
  const unit = await runCounted(node, vitest, 'unit');
  if (interrupted) return unit.code || 1;
  await setup('test');
  const e2e = await runCounted(node, vitest, 'e2e');
  console.log(`\nnpm test: ${unit.said}, ${e2e.said}`);
  return Math.max(unit.code, e2e.code);
}

/** @type {Record<string, (args: string[]) => Promise<number>>} */
const TASKS = {
  start: async (args) => run(await setup('start'), [...RELAY_FLAGS, 'server/main.ts', 'serve', ...args], markRunning),
  test,
  interop: async (args) => {
    await setupBeside('test/interop', "Signal's own library in four versions (490 MB on disk, once)");
    return run(await setupPackages('test'), ['test/interop/main.ts', ...args]);
  },
  verify: async (args) => run(await setupPackages('test'), ['scripts/verify/main.ts', ...args]),
  vectors: async (args) => run(await setupPackages('test'), ['test/vectors/main.ts', ...args]),
  bench: async (args) => run(await setupPackages('test'), ['bench/main.ts', ...args]),
  'bench:crypto': async (args) => {
    await setupBeside('bench/crypto', "Signal's own library and Olm (150 MB on disk, once)");
    return run(await setup('test'), ['bench/crypto/main.ts', ...args]);
  },
  'build:binary': async () => run(await setup('test'), ['scripts/binary/main.ts']),
  'bench:relay': async (args) => run(await setupPackages('test'), ['bench/relay/main.ts', ...args]),
  faults: async (args) => run(await setupPackages('test'), ['test/faults/main.ts', ...args]),
  fuzz: async (args) => run(await setupPackages('test'), ['test/fuzz/main.ts', ...args]),
  /** The relay's command as an operator has it: `npm run sottovoce -- backup …`. */
  sottovoce: async (args) => run(await setupPackages('start'), ['server/main.ts', ...args]),
  // `npm run file -- server/cli/….ts`: any file of the project on its own Node.
  file: async (args) => run(await setupPackages('start'), args),
  setup: async ([mode = 'test']) => {
    if (mode !== 'start' && mode !== 'test') throw new Sentence('`npm run setup` takes `start` or `test` (everything).');
    await setup(mode);
    return 0;
  },
};

/** @param {string} name @param {string[]} args */
export async function runTask(name, args) {
  try {
    const task = TASKS[name];
    if (!task) throw new Sentence(`There is no task called "${name}"; there are: ${Object.keys(TASKS).join(', ')}.`);
    process.exitCode = await task(args);
  } catch (error) {
    console.error(error instanceof Sentence ? error.message : error);
    process.exitCode = 1;
  }
}
