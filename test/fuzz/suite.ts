import { randomBytes } from 'node:crypto';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { nodePrimitives } from '../../client/adapters/node-primitives.ts';
import { installPrimitives } from '../../crypto/index.ts';
import { watchAllocations } from './allocations.ts';
import { runTarget, shareOut } from './run.ts';
import type { Target } from './target.ts';

/** Each target with its share of a fixed number of inputs, under a seed that is new every time and stands in the failure. */
export function fuzz(targets: readonly Target[], inputs: number): void {
  const seed = randomBytes(8).toString('hex');
  let unwatch: () => void;
  beforeAll(async () => {
    await installPrimitives(nodePrimitives);
    unwatch = watchAllocations();
  });
  afterAll(() => unwatch());
  const shares = shareOut(targets, inputs);
  test.each(targets.map((target, i) => [target.name, target, shares[i] as number] as const))(
    '%s',
    async (name, target, share) => {
      const { finding } = await runTarget(target, { seed, inputs: share });
      expect(finding, `npm run fuzz -- --seed ${seed} '${name}'`).toBeNull();
    },
    120_000,
  );
}
