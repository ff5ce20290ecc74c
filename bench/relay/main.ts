/**
 * `npm run bench:relay`: the relay under load from driver processes of its own, beside a bare harness that makes the same commits; with `--peers`
 * also beside mosquitto, ejabberd and prosody. `--rounds N` (2), `--json` (the last line is one flat object), `--plot` (docs/bench-relay.svg).
 */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { json, table } from '../report.ts';
import { figuresOf } from './figures.ts';
import { type Results, runAll } from './plan.ts';
import { plotOf } from './plot.ts';

const PLOT = join(import.meta.dirname, '..', '..', 'docs', 'bench-relay.svg');

function giveUp(sentence: string, code: number): never {
  process.stderr.write(`${sentence}\n`);
  process.exit(code);
}

function numberAfter(flag: string, fallback: number): number {
  const at = process.argv.indexOf(flag);
  const value = at === -1 ? fallback : Number(process.argv[at + 1]);
  return Number.isInteger(value) && value >= 1 && value <= 20 ? value : giveUp(`${flag} takes a whole number from 1 to 20.`, 2);
}

if (process.platform !== 'linux') giveUp('This bench reads processor time and memory from /proc, which only Linux has.', 2);

const options = {
  rounds: numberAfter('--rounds', 2),
  peers: process.argv.includes('--peers'),
  progress: (line: string) => void process.stderr.write(`${line}\n`),
};
const results: Results = await runAll(options).catch((error: unknown) => giveUp(error instanceof Error ? error.message : String(error), 1));
const figures = figuresOf(results);
const startSource = results.start.source;
console.log(table(figures));
console.log(`start_ms is of "${startSource}".`);
if (process.argv.includes('--plot')) writeFileSync(PLOT, plotOf(results));
if (process.argv.includes('--json')) console.log(JSON.stringify({ ...JSON.parse(json(figures)), start_ms_source: startSource }));
