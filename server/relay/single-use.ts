import type { Clock } from '../ports.ts';

// When so many are remembered at once, somebody with a valid key is flooding: nothing new is taken until old ones run out.
const MAX_REMEMBERED = 500_000;

/** Remembers values for a time. Every value must be remembered as long as it could be presented again. */
export function singleUse(clock: Clock, lifetimeMs: number) {
  const until = new Map<string, number>();
  return {
    /** False when it was used before. */
    use(value: Uint8Array): boolean {
      const now = clock.monotonic();
      for (const [key, time] of until) {
        if (time > now) break;
        until.delete(key);
      }
      const key = Buffer.from(value).toString('latin1');
      if (until.has(key) || until.size >= MAX_REMEMBERED) return false;
      until.set(key, now + lifetimeMs);
      return true;
    },
  };
}
