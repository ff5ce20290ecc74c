import type { Clock } from '../../client/ports/clock.ts';

export type ManualClock = Clock & {
  /** Moves time on and runs what falls due, in the order of its time; what that sets in turn too. */
  advance(byMs: number): void;
  /** Timers that are set. */
  pending(): number;
};

export function manualClock(startAt = Date.UTC(2026, 10, 20)): ManualClock {
  let now = startAt;
  const timers = new Set<{ at: number; run: () => void }>();

  return {
    now: () => now,
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
    pending: () => timers.size,
  };
}
