/**
 * `npm run test:interop` compares with Signal's own library: sessions with the last version that has X3DH, sender keys and safety numbers
 * with four versions. `-- --seed 7` repeats a run: schedules and our keys follow from the seed, Signal's library draws its own keys.
 */
import { randomInt } from 'node:crypto';
import { parseArgs } from 'node:util';
import { nodePrimitives } from '../../client/adapters/node-primitives.ts';
import { installPrimitives } from '../../crypto/index.ts';
import { fingerprints } from './fingerprints.ts';
import { groupLimits } from './group-limits.ts';
import { groupCases, groupSchedules } from './groups.ts';
import { pairwiseSchedules } from './pairwise.ts';
import { pairwiseCases } from './pairwise-cases.ts';
import { pairwiseLimits } from './pairwise-limits.ts';
import { counted, guarded, summary } from './tally.ts';

const SCHEDULES = 1_000;

const { values } = parseArgs({ options: { seed: { type: 'string' } } });
const seed = values.seed === undefined ? randomInt(2 ** 31) : Number(values.seed);
if (!Number.isSafeInteger(seed)) {
  console.error('--seed takes a whole number.');
  process.exit(2);
}
console.log(`interop: seed ${seed}; the same again: npm run test:interop -- --seed ${seed}`);

const PARTS: Record<string, () => Promise<void>> = {
  'sessions: every handshake, long conversations': () => pairwiseCases(seed),
  [`sessions: ${SCHEDULES} schedules, each from both sides`]: () => pairwiseSchedules(seed, SCHEDULES),
  'sessions: limits': () => pairwiseLimits(seed),
  'sender keys: every sender to every receiver': () => groupCases(seed),
  [`sender keys: ${SCHEDULES} schedules`]: () => groupSchedules(seed, SCHEDULES),
  'sender keys: limits': () => groupLimits(seed),
  'safety numbers': () => fingerprints(seed),
};

await installPrimitives(nodePrimitives);
const width = Math.max(...Object.keys(PARTS).map((name) => name.length));
for (const [name, part] of Object.entries(PARTS)) {
  const before = counted();
  const startedAt = performance.now();
  await guarded(name, part);
  const took = ((performance.now() - startedAt) / 1000).toFixed(1);
  console.log(`${name.padEnd(width)}  ${String(counted() - before).padStart(6)} exchanges  ${took} s`);
}
const { line, failed } = summary();
console.log(line);
process.exitCode = failed === 0 ? 0 : 1;
