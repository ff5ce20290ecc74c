import { RATES, type Rate, type RateName } from '../config.ts';
import type { Clock } from '../ports.ts';
import { ProtocolError } from '../protocol/errors.ts';

type Bucket = { level: number; at: number };

// About 100 bytes a bucket. Beyond it the buckets filled longest ago are forgotten, which is what an idle one has earned.
const MAX_BUCKETS_PER_RATE = 50_000;

function tokenBuckets(rate: Rate, clock: Clock) {
  const buckets = new Map<string, Bucket>();
  /** 0, or how long until the cost is there. */
  return function take(key: string, cost: number): number {
    const now = clock.now();
    const before = buckets.get(key);
    const gained = before ? Math.max(0, ((now - before.at) / 1_000) * rate.perSecond) : 0;
    const level = before ? Math.min(rate.burst, before.level + gained) : rate.burst;
    const wait = level >= cost ? 0 : Math.ceil(((cost - level) / rate.perSecond) * 1_000);
    // Set anew, so that the map's order is the order of use.
    buckets.delete(key);
    buckets.set(key, { level: wait === 0 ? level - cost : level, at: now });
    if (buckets.size > MAX_BUCKETS_PER_RATE) for (const oldest of buckets.keys()) if (buckets.delete(oldest)) break;
    return wait;
  };
}

/** Token buckets in memory by (rate, key): addresses, accounts and devices never leave it. */
export function rateLimits(clock: Clock, factor: number) {
  const buckets = Object.fromEntries(
    Object.entries(RATES).map(([name, rate]) => [name, tokenBuckets({ burst: rate.burst * factor, perSecond: rate.perSecond * factor }, clock)]),
  ) as Record<RateName, ReturnType<typeof tokenBuckets>>;
  function waitFor(name: RateName, key: string | number, cost = 1): number {
    return buckets[name](String(key), cost);
  }
  return {
    waitFor,
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
  if (!mapped.includes(':')) return mapped;
  const [front = '', back] = mapped.split('::');
  const groups = front.split(':').filter((group) => group !== '');
  const tail = back?.split(':').filter((group) => group !== '') ?? [];
  const whole = back === undefined ? groups : [...groups, ...new Array<string>(Math.max(0, 8 - groups.length - tail.length)).fill('0'), ...tail];
  return whole.slice(0, 4).join(':');
}
