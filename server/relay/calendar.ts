import type { Clock } from '../ports.ts';

// Corrections by a time service are smaller; whatever is larger is a leap.
const LEAP_MS = 5 * 60_000;

// So long a leap must stand before it is believed: somebody who sets a clock wrong notices within a day.
const BELIEVE_AFTER_MS = 24 * 3_600_000;

// The mark is a whole hour and written once an hour, so a short stop looks this long.
const STOP_MS = 2 * 3_600_000;

/** Where the last known time outlives the process: a relay that starts with a wrong clock must not believe it at once. */
export type TimeMark = { read(): number | undefined; write(time: number): void };

/** `leapt`: by how much, positive when ahead. `settled`: whether it was believed, or was taken back. */
export type CalendarLog = { leapt(byMs: number): void; settled(believed: boolean): void };

type Leap = { since: number; byMs: number };

/**
 * What time it is for what waits thirty days. The machine's clock, unless it leapt against the monotonic one (or, at the start, against
 * the time that was known last): then for a day both times count, each where it keeps an envelope longer.
 */
export function calendar(clock: Clock, mark: TimeMark, log: CalendarLog) {
  const known = mark.read() ?? clock.now();
  const stoppedMs = clock.now() - known;
  let anchor = { time: stoppedMs >= 0 && stoppedMs <= STOP_MS ? clock.now() : known, at: clock.monotonic() };
  let leap: Leap | undefined;

  /** The time as it was known, carried on by the monotonic clock. */
  function carried(): number {
    return anchor.time + clock.monotonic() - anchor.at;
  }

  function look(): { machine: number; carried: number } {
    const machine = clock.now();
    const byMs = machine - carried();
    const at = clock.monotonic();
    if (Math.abs(byMs) <= LEAP_MS) {
      if (leap) log.settled(false);
      leap = undefined;
    } else if (!leap || Math.abs(byMs - leap.byMs) > LEAP_MS) {
      leap = { since: at, byMs };
      log.leapt(byMs);
    } else if (at - leap.since >= BELIEVE_AFTER_MS) {
      leap = undefined;
      log.settled(true);
    }
    if (!leap) anchor = { time: machine, at };
    return { machine, carried: carried() };
  }

  return {
    /** For stamping: the later of both. */
    latest(): number {
      const times = look();
      return Math.max(times.machine, times.carried);
    },
    /** For dropping what ran out: the earlier of both. */
    earliest(): number {
      const times = look();
      return Math.min(times.machine, times.carried);
    },
    /** Remembers the time across a restart; not while it is in doubt. */
    remember(): void {
      look();
      if (!leap) mark.write(clock.now());
    },
  };
}

export type Calendar = ReturnType<typeof calendar>;
