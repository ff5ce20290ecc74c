import { randomBytes } from 'node:crypto';
import type { Bytes } from './protocol/bytes.ts';

/** Time and chance are handed in, so that tests decide them. */
export type Clock = {
  /** Milliseconds since 1970, as the machine believes: it may leap, forth and back. For what has a date. */
  now(): number;
  /** Milliseconds since some moment, never leaping, good within this process alone. For how long something takes or lasts. */
  monotonic(): number;
  /** Runs once; the answer cancels. Never keeps the process alive. */
  setTimer(afterMs: number, run: () => void): () => void;
};

export type RandomBytes = (length: number) => Bytes;

export const systemClock: Clock = {
  now: () => Date.now(),
  // Counted from 1970 at the start, so that what shows a part of it does not tell how long the relay has run.
  monotonic: () => performance.timeOrigin + performance.now(),
  setTimer(afterMs, run) {
    const timer = setTimeout(run, afterMs);
    timer.unref();
    return () => clearTimeout(timer);
  },
};

export const systemRandom: RandomBytes = (length) => new Uint8Array(randomBytes(length));
