import { setTimeout as pause } from 'node:timers/promises';
import type { Chance } from '../fuzz/chance.ts';

/** What a part is given: chance from the run's seed, and where it tells what it does. */
export type Tools = {
  chance: Chance;
  /** One line on stderr, whenever something new is to be said. */
  progress(text: string): void;
  /** Counts faults that were brought about. */
  fault(count?: number): void;
};

/** One kind of trouble. It throws when the relay did not bear it, and cleans up whatever happens. */
export type Part = { name: string; run(tools: Tools): Promise<void> };

const LOOK_EVERY_MS = 10;

/** Looks until the check holds. The limit is for a relay that hangs, not a measure of its pace. */
export async function until(what: string, check: () => boolean, withinMs = 60_000): Promise<void> {
  const end = performance.now() + withinMs;
  while (!check()) {
    if (performance.now() > end) throw new Error(`not within ${withinMs / 1_000} s: ${what}`);
    await pause(LOOK_EVERY_MS);
  }
}

/** Rates far out of the way: what they do is another part's matter. */
export const WIDE_RATES = { SOTTOVOCE_RATE_FACTOR: '100000', SOTTOVOCE_MIN_FREE_MIB: '0' };

export function mebibytes(bytes: number): string {
  return `${(bytes / 1_048_576).toFixed(1)} MiB`;
}
