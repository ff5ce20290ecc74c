import { installPrimitives } from '../../crypto/index.ts';
import { nodePrimitives } from '../../client/adapters/node-primitives.ts';
import { groupSchedules, groupCases } from './groups.ts';
import { fingerprints } from './fingerprints.ts';
import { summary } from './tally.ts';
await installPrimitives(nodePrimitives);
for (const f of [()=>groupSchedules(1, Number(process.argv[2] ?? 30)), () => groupCases(1), () => fingerprints(1)]) {
console.time('t');
await f();
console.timeEnd('t');
console.log(summary().line);
}
