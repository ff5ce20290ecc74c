import type { Clock } from '../ports.ts';

// When so many are remembered at once, somebody with a valid key is flooding: nothing new is taken until old ones run out.
const MAX_REMEMBERED = 500_000;

/** Remembers values for at least a time. Every value must be remembered as long as it could be presented again. */
export function singleUse(clock: Clock, lifetimeMs: number) {
  let younger = new Set<string>();
  let older = new Set<string>();
  let turnedAt = clock.monotonic();

  function dropOld(): void {
    const now = clock.monotonic();
    if (now - turnedAt < lifetimeMs) return;
    // Nothing came for two lifetimes: then both have run out.
    older = now - turnedAt < 2 * lifetimeMs ? younger : new Set();
    younger = new Set();
    turnedAt = now;
  }

  return {
    /** False when it was used before. */
    use(value: Uint8Array): boolean {
      dropOld();
      const key = Buffer.from(value).toString('latin1');
      if (younger.has(key) || older.has(key) || younger.size + older.size >= MAX_REMEMBERED) return false;
      younger.add(key);
      return true;
    },
  };
}
