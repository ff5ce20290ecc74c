import type { Clock } from '../ports.ts';
import type { Store } from '../store/store.ts';

/** The store, with the time each group commit takes told. */
export function measuredStore(store: Store, clock: Clock, committed: (submits: number, tookMs: number) => void): Store {
  return {
    ...store,
    async submit(batch, remembered) {
      const startedAt = clock.monotonic();
      try {
        return await store.submit(batch, remembered);
      } finally {
        committed(batch.length, clock.monotonic() - startedAt);
      }
    },
  };
}
