import { seededRandom } from '../support/seeded-random.ts';

export type Choices = { below(limit: number): number; percent(chance: number): boolean; of<Value>(values: readonly Value[]): Value };

/** The same choices for the same seed. The bias of a remainder of 32 bits does not matter here. */
export function choicesFrom(seed: string): Choices {
  const random = seededRandom(seed);
  const below = (limit: number): number => Buffer.from(random(4)).readUInt32BE() % limit;
  return {
    below,
    percent: (chance) => below(100) < chance,
    of: (values) => values[below(values.length)] as (typeof values)[number],
  };
}
