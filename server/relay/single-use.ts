import type { Clock } from '../ports.ts';

// When so many are remembered at once, somebody with a valid key is flooding.
const MAX_REMEMBERED = 500_000;

/**
 * Remembers values for at least a time. `whenFull`: `refuse` takes nothing new until old ones run out, where a value must never be taken twice;
 * `forget` lets the oldest go, where keeping others out would be worse.
 */
export function singleUse(clock: Clock, lifetimeMs: number, whenFull: 'refuse' | 'forget') {
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
      if (younger.has(key) || older.has(key)) return false;
      if (whenFull === 'refuse' && younger.size + older.size >= MAX_REMEMBERED) return false;
      if (whenFull === 'forget' && younger.size >= MAX_REMEMBERED / 2) {
        older = younger;
        younger = new Set();
      }
      younger.add(key);
      return true;
    },
  };
}
