import type { Clock } from '../ports.ts';
import type { Bytes } from '../protocol/bytes.ts';
import { RESUBMIT_MEMORY_MS } from '../protocol/limits.ts';

type Recent = { digest: Bytes; until: number };

// About 250 bytes each. Past it the oldest go early; the receiving client knows the ids it has seen for longer than we do.
const MAX_RECENT = 100_000;

export function envelopeKey(deviceRow: number, envelopeId: Uint8Array): string {
  const { buffer, byteOffset, byteLength } = envelopeId;
  return `${deviceRow}:${Buffer.from(buffer, byteOffset, byteLength).toString('latin1')}`;
}

/** Envelopes acknowledged a short while ago: a sender whose answer was lost submits again, and the device must not get it twice. */
export function recentEnvelopes(clock: Clock, acknowledged: () => void = () => undefined) {
  const recent = new Map<string, Recent>();

  function dropOld(now: number): void {
    for (const [key, { until }] of recent) {
      if (until > now && recent.size <= MAX_RECENT) return;
      recent.delete(key);
    }
  }

  return {
    /** Called once for every delivered envelope, when it is acknowledged. */
    remember(key: string, digest: Bytes): void {
      acknowledged();
      const now = clock.monotonic();
      recent.delete(key);
      recent.set(key, { digest, until: now + RESUBMIT_MEMORY_MS });
      dropOld(now);
    },
    digestOf(deviceRow: number, envelopeId: Uint8Array): Bytes | undefined {
      if (recent.size === 0) return undefined;
      const known = recent.get(envelopeKey(deviceRow, envelopeId));
      return known && known.until > clock.monotonic() ? known.digest : undefined;
    },
  };
}

export type RecentEnvelopes = ReturnType<typeof recentEnvelopes>;
