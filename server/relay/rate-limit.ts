import { isIP } from 'node:net';
import { RATES, type Rate, type RateName } from '../config/rates.ts';
import type { Clock } from '../ports.ts';
import { ProtocolError } from '../protocol/errors.ts';
import { generations } from '../store/generations.ts';

// About 80 bytes a bucket. Beyond half of it those used longest ago are forgotten, which have mostly filled up again.
const MAX_BUCKETS_PER_RATE = 50_000;

// Sums of fractions of a millisecond are a little off.
const ROUNDING_MS = 0.01;

function tokenBuckets(rate: Rate, clock: Clock) {
  const msPerCost = 1_000 / rate.perSecond;
  // Counted from here, as fractions would drown in milliseconds since 1970.
  const startedAt = clock.monotonic();
  /** When each bucket will be full again: all there is to know of it. */
  const fullAt = generations<number>(MAX_BUCKETS_PER_RATE);
  function waitAt(now: number, before: number, cost: number): number {
    return Math.max(0, Math.ceil(before + cost * msPerCost - now - rate.burst * msPerCost - ROUNDING_MS));
  }

  return {
    take(key: string, cost: number): number {
      const now = clock.monotonic() - startedAt;
      const before = Math.max(fullAt.get(key) ?? now, now);
      const wait = waitAt(now, before, cost);
      fullAt.set(key, wait === 0 ? before + cost * msPerCost : before);
      return wait;
    },
    peek(key: string, cost: number): number {
      const now = clock.monotonic() - startedAt;
      return waitAt(now, Math.max(fullAt.get(key) ?? now, now), cost);
    },
    charge(key: string, cost: number): void {
      const now = clock.monotonic() - startedAt;
      fullAt.set(key, Math.max(fullAt.get(key) ?? now, now) + cost * msPerCost);
    },
  };
}

/** Token buckets in memory by (rate, key): addresses, accounts and devices never leave it. `limited` hears the rate alone. */
export function rateLimits(clock: Clock, factor: number, limited: (name: RateName) => void = () => undefined) {
  const buckets = Object.fromEntries(
    Object.entries(RATES).map(([name, rate]) => [
      name,
      tokenBuckets({ burst: rate.burst * factor, perSecond: rate.perSecond * factor }, clock),
    ]),
  ) as Record<RateName, ReturnType<typeof tokenBuckets>>;
  /** 0, or how long until the cost is there. */
  function waitFor(name: RateName, key: string | number, cost = 1): number {
    const waitMs = buckets[name].take(String(key), cost);
    if (waitMs > 0) limited(name);
    return waitMs;
  }
  return {
    waitFor,
    /** The same, and nothing is taken. */
    peek: (name: RateName, key: string | number, cost = 1): number => buckets[name].peek(String(key), cost),
    /** For what has happened already: the bucket may go below nothing. */
    charge: (name: RateName, key: string | number, cost: number): void => buckets[name].charge(String(key), cost),
    /** Throws `rate_limited` with the time to wait. */
    require(name: RateName, key: string | number, cost = 1): void {
      const retryAfterMs = waitFor(name, key, cost);
      if (retryAfterMs > 0) throw new ProtocolError('rate_limited', { retryAfterMs });
    },
  };
}

export type RateLimits = ReturnType<typeof rateLimits>;

/** One customer of a provider holds a whole /64 of IPv6 addresses. */
export function addressKey(address: string): string {
  const mapped = address.startsWith('::ffff:') ? address.slice(7) : address;
  // A proxy's word that is no address: one bucket for all such, as it may be long and anybody's.
  if (isIP(mapped) === 0) return 'no address';
  if (!mapped.includes(':')) return mapped;
  const [front = '', back] = mapped.split('::');
  const groups = front.split(':').filter((group) => group !== '');
  const tail = back?.split(':').filter((group) => group !== '') ?? [];
  const whole =
    back === undefined ? groups : [...groups, ...new Array<string>(Math.max(0, 8 - groups.length - tail.length)).fill('0'), ...tail];
  return whole.slice(0, 4).join(':');
}
