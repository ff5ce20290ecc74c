import type { Outcome } from './run.ts';

/** `ms`: how long at most, where a run has a time instead of a number. */
export type Task = { target: string; seed: string; inputs: number; ms: number | null };
export type WorkerNews = { outcome: Outcome };

/** Shared memory, so that a worker that hangs can still be asked what it was at: number of the input u32, its length u32, its bytes. */
export const COUNT_AT = 0;
export const LENGTH_AT = 4;
export const INPUT_AT = 8;
export const SHARED_BYTES = 1_048_576;
