import { RESUBMIT_MEMORY_MS } from '../protocol/limits.ts';

type Recent = { digest: Uint8Array; until: number };

// About 250 bytes each. Past it the oldest go early; the receiving client knows the ids it has seen for longer than we do.
const MAX_RECENT = 100_000;

function keyOf(deviceRow: number, envelopeId: Uint8Array): string {
  const { buffer, byteOffset, byteLength } = envelopeId;
  return `${deviceRow}:${Buffer.from(buffer, byteOffset, byteLength).toString('latin1')}`;
}

/**
 * Envelopes acknowledged a short while ago, in memory alone: a sender whose answer was lost submits again, and the device must not get it
 * twice.
 */
export function recentEnvelopes() {
  const recent = new Map<string, Recent>();

  function dropOld(now: number): void {
    for (const [key, { until }] of recent) {
      if (until > now && recent.size <= MAX_RECENT) return;
      recent.delete(key);
    }
  }

  return {
    remember(deviceRow: number, envelopeId: Uint8Array, digest: Uint8Array, now: number): void {
      const key = keyOf(deviceRow, envelopeId);
      recent.delete(key);
      recent.set(key, { digest, until: now + RESUBMIT_MEMORY_MS });
      dropOld(now);
    },
    digestOf(deviceRow: number, envelopeId: Uint8Array, now: number): Uint8Array | undefined {
      if (recent.size === 0) return undefined;
      const known = recent.get(keyOf(deviceRow, envelopeId));
      return known && known.until > now ? known.digest : undefined;
    },
  };
}
