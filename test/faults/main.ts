/**
 * `npm run test:faults`: the relay killed, starved, lied to about the time and fed with rubbish, in a process of its own with its data on
 * disk, while a load runs and everything that it accepted is written down. `--seed text` repeats a run, `--only name` runs one part (more
 * than once for more). Ends with 1 and what failed. Needs Linux, whose /proc tells a process's memory.
 */
import { randomBytes } from 'node:crypto';
import { parseArgs } from 'node:util';
import { chanceOf } from '../fuzz/chance.ts';
import { clockBack } from './clock-back.ts';
import { corruptedPage } from './corrupted-page.ts';
import { diskFull } from './disk-full.ts';
import { kill } from './kill.ts';
import { killEngines } from './kill-engines.ts';
import { malformed } from './malformed.ts';
import type { Part } from './part.ts';
import { reconnects } from './reconnects.ts';
import { slowReaders } from './slow-readers.ts';

const PARTS: readonly Part[] = [kill, killEngines, diskFull, corruptedPage, slowReaders, reconnects, clockBack, malformed];

const { values } = parseArgs({ options: { seed: { type: 'string' }, only: { type: 'string', multiple: true } } });
const seed = values.seed ?? randomBytes(8).toString('hex');
const parts = PARTS.filter(({ name }) => values.only === undefined || values.only.includes(name));
if (parts.length === 0) {
  console.error(`There is no such part. There are: ${PARTS.map(({ name }) => name).join(', ')}.`);
  process.exit(2);
}

const startedAt = performance.now();
const seconds = (since: number): string => `${((performance.now() - since) / 1_000).toFixed(1)} s`;
let faults = 0;
const failed: string[] = [];
for (const part of parts) {
  const partStartedAt = performance.now();
  const say = (text: string): void => void process.stderr.write(`faults: ${part.name}: ${text} (${seconds(partStartedAt)})\n`);
  let here = 0;
  try {
    // A stream of its own for each part, so that one alone meets the same chance as in a whole run.
    await part.run({
      chance: chanceOf(`${seed}/${part.name}`),
      progress: say,
      fault(count = 1) {
        here += count;
      },
    });
    say(`borne: ${here} faults`);
  } catch (error) {
    say('FAILED');
    failed.push(`${part.name}: ${error instanceof Error ? error.stack : String(error)}`);
  }
  faults += here;
}
for (const failure of failed) console.error(`\n${failure}\nagain: npm run test:faults -- --seed ${seed} --only ${failure.split(':')[0]}`);
process.stderr.write(`faults: ${parts.length} parts in ${seconds(startedAt)}\n`);
console.log(`faults: ${faults} faults, ${failed.length} failed, seed ${seed}`);
process.exit(failed.length > 0 ? 1 : 0);
