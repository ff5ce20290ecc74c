import type { Clock } from '../ports.ts';
import type { Store } from '../store/store.ts';
import type { Calendar } from './calendar.ts';

const EXPIRE_EVERY_MS = 3_600_000;
const TIDY_EVERY_MS = 60_000;

type Parts = { store: Store; clock: Clock; calendar: Calendar; expired: (envelopes: number) => void; failed: (error: unknown) => void };

/** Drops what ran out, counted, and empties the journal of what was acknowledged. Answers a function that stops it. */
export function retention({ store, clock, calendar, expired, failed }: Parts): () => void {
  const cancels = new Set<() => void>();
  let stopped = false;

  function every(periodMs: number, work: () => Promise<void>): void {
    const cancel = clock.setTimer(periodMs, () => {
      cancels.delete(cancel);
      work()
        .catch(failed)
        .finally(() => {
          if (!stopped) every(periodMs, work);
        });
    });
    cancels.add(cancel);
  }

  every(EXPIRE_EVERY_MS, async () => {
    calendar.remember();
    const count = await store.expire(calendar.earliest());
    if (count > 0) expired(count);
  });
  every(TIDY_EVERY_MS, () => store.tidy());

  return () => {
    stopped = true;
    for (const cancel of cancels) cancel();
  };
}
