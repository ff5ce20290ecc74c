/** One slice of one contender, in its own process or page; and what a series of rounds says. */
import type { Contender, Shape } from './contender.ts';

/** Operations a second over so many of them. */
export async function slice(contender: Contender, shape: Shape, count: number): Promise<number> {
  const run = contender[shape];
  if (!run) throw new Error(`cannot ${shape}`);
  await run.prepare?.(count);
  const start = performance.now();
  await run.run(count);
  return (count * 1_000) / (performance.now() - start);
}

export function median(values: readonly number[]): number {
  const sorted = values.toSorted((a, b) => a - b);
  const middle = sorted.length / 2;
  return sorted.length % 2 ? (sorted[Math.floor(middle)] as number) : ((sorted[middle - 1] as number) + (sorted[middle] as number)) / 2;
}

/** By contender, one rate a round. */
export type Rounds = Record<string, number[]>;

export type Asked = (contender: string, shape: Shape, count: number) => Promise<number>;

/** All contenders in turn, the turn reversed in every second round, so that what slows the machine slows all. */
export async function rounds(ask: Asked, names: readonly string[], shape: Shape, times: number, sliceMs: number): Promise<Rounds> {
  const counts: Record<string, number> = {};
  for (const name of names) {
    // Warm first: a cold one is compiled while it runs.
    await ask(name, shape, 8);
    const rate = await ask(name, shape, Math.max(8, Math.ceil((await ask(name, shape, 16)) * (sliceMs / 2_000))));
    counts[name] = Math.min(2_000, Math.max(8, Math.ceil((rate * sliceMs) / 1_000)));
  }
  const found: Rounds = Object.fromEntries(names.map((name) => [name, []]));
  for (let round = 0; round < times; round++) {
    for (const name of round % 2 ? names.toReversed() : names) found[name]?.push(await ask(name, shape, counts[name] as number));
  }
  return found;
}

/** Round by round, ours over the other's: the median, and the range of the middle half. */
export function ratio(ours: readonly number[], others: readonly number[]): { value: number; low: number; high: number } {
  const each = ours.map((rate, round) => rate / (others[round] as number)).toSorted((a, b) => a - b);
  const at = (part: number): number => each[Math.round((each.length - 1) * part)] as number;
  return { value: median(each), low: at(0.25), high: at(0.75) };
}
