import { RESUBMIT_MEMORY_MS } from '../protocol/limits.ts';
import { generations } from './generations.ts';

type Recent = { key: string; devices: readonly number[]; until: number };

// About 250 bytes each, up to twice as many, or fewer that have many recipients. Past it the oldest go early; the receiving client knows the ids it has seen for longer.
const MIN_RECENT = 100_000;

/** Sixteen recipients take about as much memory as all the rest. */
function weightOf({ devices }: Recent): number {
  return 1 + devices.length / 16;
}

// The bodies under which one envelope is stored when it is handed in for some devices after others; more than a few are somebody's doing.
const MAX_BODIES_OF_ONE = 8;

/** Bytes as text, a character each: a view would keep the whole transaction's buffer. */
function textOf({ buffer, byteOffset, byteLength }: Uint8Array): string {
  return Buffer.from(buffer, byteOffset, byteLength).toString('latin1');
}

/** An envelope is known by its id and its content, so that nobody's other content stands in its place. */
function keyOf(envelopeId: Uint8Array, digest: Uint8Array): string {
  return textOf(envelopeId) + textOf(digest);
}

/**
 * Envelopes acknowledged a short while ago, in memory alone: a sender whose answer was lost submits again, and the device must not get it
 * twice. What is placed is noted at once by the row of its body, so that nearly no acknowledgement has to read what it deletes.
 */
export function recentEnvelopes() {
  const placed = generations<Recent, number>(2 * MIN_RECENT);
  // Turned here alone: by time and by count with one clock, so that a turn by time never follows at once on one by count.
  const gone = generations<Recent[]>(8 * MIN_RECENT);
  let turnedAt = 0;
  let kept = 0;

  function keep(recent: Recent, now: number): void {
    if (kept >= MIN_RECENT || now - turnedAt >= RESUBMIT_MEMORY_MS) {
      gone.turn();
      turnedAt = now;
      kept = 0;
    }
    if (recent.until === 0) kept += weightOf(recent);
    recent.until = now + RESUBMIT_MEMORY_MS;
    const same = gone.get(recent.key);
    if (!same) gone.set(recent.key, [recent]);
    else if (!same.includes(recent) && same.length < MAX_BODIES_OF_ONE) same.push(recent);
  }

  return {
    placed(body: number, envelopeId: Uint8Array, digest: Uint8Array, devices: readonly number[]): void {
      const recent: Recent = { key: keyOf(envelopeId, digest), devices, until: 0 };
      placed.set(body, recent, weightOf(recent));
    },
    /** Somebody is done with this body. False: it was not placed a short while ago, and has to be read to be remembered. */
    isRemembered(body: number, now: number): boolean {
      const recent = placed.get(body);
      if (recent) keep(recent, now);
      return recent !== undefined;
    },
    remember(device: number, envelopeId: Uint8Array, digest: Uint8Array, now: number): void {
      const key = keyOf(envelopeId, digest);
      // One entry for all devices of a body: a body each would be told from only a few others.
      const same = gone.get(key)?.[0];
      if (!same) return keep({ key, devices: [device], until: 0 }, now);
      if (!same.devices.includes(device)) same.devices = [...same.devices, device];
      same.until = now + RESUBMIT_MEMORY_MS;
    },
    knows(device: number, envelopeId: Uint8Array, digest: Uint8Array, now: number): boolean {
      const found = gone.get(keyOf(envelopeId, digest));
      return found?.some(({ devices, until }) => until > now && devices.includes(device)) ?? false;
    },
  };
}
