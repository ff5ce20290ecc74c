import { randomBytes } from 'node:crypto';
import type { Bytes } from './protocol/bytes.ts';

/** Time and chance are handed in, so that tests decide them. */
export type Clock = {
  /** Milliseconds since 1970. */
  now(): number;
  /** Runs once; the answer cancels. Never keeps the process alive. */
  setTimer(afterMs: number, run: () => void): () => void;
};

export type RandomBytes = (length: number) => Bytes;

export const systemClock: Clock = {
  now: () => Date.now(),
  setTimer(afterMs, run) {
    const timer = setTimeout(run, afterMs);
    timer.unref();
    return () => clearTimeout(timer);
  },
};

export const systemRandom: RandomBytes = (length) => new Uint8Array(randomBytes(length));
