/**
 * `npm run bench:relay`: the relay under load from driver processes of its own, beside a bare harness that makes the same commits; with `--peers`
 * also beside mosquitto, ejabberd and prosody. `--rounds N` (2), `--json` (the last line is one flat object), `--plot` (docs/bench-relay.svg).
 */
import { figuresOf } from './figures.ts';
import { type Results, runAll } from './plan.ts';
import { json, table } from '../report.ts';

function numberAfter(flag: string, fallback: number): number {
  const at = process.argv.indexOf(flag);
  const value = at === -1 ? fallback : Number(process.argv[at + 1]);
  if (Number.isInteger(value) && value >= 1 && value <= 20) return value;
  console.error(`${flag} takes a whole number from 1 to 20.`);
  process.exit(2);
}

if (process.platform !== 'linux') {
  console.error('This bench reads processor time and memory from /proc, which only Linux has.');
  process.exit(2);
}

const results: Results = await runAll({
  rounds: numberAfter('--rounds', 2),
  peers: process.argv.includes('--peers'),
  progress: (line) => process.stderr.write(`${line}\n`),
});
const { figures, startSource } = figuresOf(results);
console.log(table(figures));
console.log(`start_ms is of ${startSource}`);
if (process.argv.includes('--json')) console.log(json(figures).replace(/\}$/, `,"start_ms_source":${JSON.stringify(startSource)}}`));
