import type { Clock } from '../../client/ports/clock.ts';

export type ManualClock = Clock & {
  monotonic(): number;
  /** Moves time on and runs what falls due, in the order of its time; what that sets in turn too. */
  advance(byMs: number): void;
  /** The calendar leaps and nothing falls due, as when somebody sets the machine's clock. */
  leap(byMs: number): void;
  /** Timers that are set. */
  pending(): number;
};

export function manualClock(startAt = Date.UTC(2026, 10, 20)): ManualClock {
  let now = startAt;
  let leapt = 0;
  const timers = new Set<{ at: number; run: () => void }>();

  return {
    now: () => now + leapt,
    monotonic: () => now,
    setTimer(afterMs, run) {
      const timer = { at: now + afterMs, run };
      timers.add(timer);
      return () => timers.delete(timer);
    },
    advance(byMs) {
      const end = now + byMs;
      for (;;) {
        const due = [...timers].filter(({ at }) => at <= end).sort((a, b) => a.at - b.at)[0];
        if (!due) break;
        timers.delete(due);
        now = Math.max(now, due.at);
        due.run();
      }
      now = end;
    },
    leap(byMs) {
      leapt += byMs;
    },
    pending: () => timers.size,
  };
}
