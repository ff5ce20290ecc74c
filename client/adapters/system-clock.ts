import type { Clock } from '../ports/clock.ts';

// A longer delay overflows the platform's 32 bits and would fire at once.
const MAX_DELAY_MS = 0x7fff_ffff;

export const systemClock: Clock = {
  now: () => Date.now(),
  setTimer(afterMs, run) {
    let timer: ReturnType<typeof setTimeout>;
    function wait(leftMs: number): void {
      timer = leftMs > MAX_DELAY_MS ? setTimeout(() => wait(leftMs - MAX_DELAY_MS), MAX_DELAY_MS) : setTimeout(run, leftMs);
    }
    wait(afterMs);
    return () => clearTimeout(timer);
  },
};
