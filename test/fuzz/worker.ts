import { parentPort, workerData } from 'node:worker_threads';
import { nodePrimitives } from '../../client/adapters/node-primitives.ts';
import { installPrimitives } from '../../crypto/index.ts';
import { watchAllocations } from './allocations.ts';
import { runTarget } from './run.ts';
import { allTargets } from './targets/index.ts';
import { COUNT_AT, INPUT_AT, LENGTH_AT, SHARED_BYTES, type Task, type WorkerNews } from './worker-messages.ts';

const shared = workerData as SharedArrayBuffer;
const view = new DataView(shared);
const room = new Uint8Array(shared);

await installPrimitives(nodePrimitives);
watchAllocations();

parentPort?.on('message', ({ target: name, seed, inputs, ms }: Task) => {
  const target = allTargets.find((one) => one.name === name);
  if (!target) throw new Error(`no target ${name}`);
  const end = ms === null ? Number.POSITIVE_INFINITY : Date.now() + ms;
  let count = 0;
  const run = runTarget(target, {
    seed,
    inputs,
    before(input) {
      view.setUint32(LENGTH_AT, Math.min(input.length, SHARED_BYTES - INPUT_AT));
      room.set(input.subarray(0, SHARED_BYTES - INPUT_AT), INPUT_AT);
      view.setUint32(COUNT_AT, ++count);
    },
    goOn: () => Date.now() < end,
  });
  void run.then((outcome) => {
    const news: WorkerNews = { outcome };
    parentPort?.postMessage(news);
  });
});
