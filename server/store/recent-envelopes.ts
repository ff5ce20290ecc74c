import { RESUBMIT_MEMORY_MS } from '../protocol/limits.ts';
import { generations } from './generations.ts';

type Recent = { digest: Uint8Array; until: number };

// About 250 bytes each, up to twice as many. Past it the oldest go early; the receiving client knows the ids it has seen for longer.
const MIN_RECENT = 100_000;

function keyOf(deviceRow: number, envelopeId: Uint8Array): string {
  const { buffer, byteOffset, byteLength } = envelopeId;
  return `${deviceRow}:${Buffer.from(buffer, byteOffset, byteLength).toString('latin1')}`;
}

/**
 * Envelopes acknowledged a short while ago, in memory alone: a sender whose answer was lost submits again, and the device must not get it
 * twice.
 */
export function recentEnvelopes() {
  const recent = generations<Recent>(2 * MIN_RECENT);
  let turnedAt = 0;

  return {
    remember(deviceRow: number, envelopeId: Uint8Array, digest: Uint8Array, now: number): void {
      if (now - turnedAt >= RESUBMIT_MEMORY_MS) {
        recent.turn();
        turnedAt = now;
      }
      recent.set(keyOf(deviceRow, envelopeId), { digest, until: now + RESUBMIT_MEMORY_MS });
    },
    digestOf(deviceRow: number, envelopeId: Uint8Array, now: number): Uint8Array | undefined {
      if (recent.isEmpty()) return undefined;
      const known = recent.get(keyOf(deviceRow, envelopeId));
      return known && known.until > now ? known.digest : undefined;
    },
  };
}
