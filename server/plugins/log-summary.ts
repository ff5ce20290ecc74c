import type { Clock } from '../ports.ts';

const MINUTE_MS = 60_000;

type Sum = { times: number; largest: number };

/** Says once a minute and name how often something was noted, a minute after the first time. */
export function minuteSummary(clock: Clock, say: (name: string, sum: Sum) => void) {
  const open = new Map<string, Sum & { cancel: () => void }>();

  function close(name: string): void {
    const sum = open.get(name);
    if (!sum) return;
    open.delete(name);
    sum.cancel();
    say(name, sum);
  }

  return {
    note(name: string, value: number): void {
      const sum = open.get(name);
      if (!sum) {
        open.set(name, { times: 1, largest: value, cancel: clock.setTimer(MINUTE_MS, () => close(name)) });
        return;
      }
      sum.times += 1;
      sum.largest = Math.max(sum.largest, value);
    },
    /** Says what is open now: the relay stops. */
    flush(): void {
      for (const name of [...open.keys()]) close(name);
    },
  };
}
