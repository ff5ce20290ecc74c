/** Numbers of authentic messages from one device (D1): what is missing between them was held back by somebody. */
import type { Received } from './state.ts';

// More than this many missing numbers are one loss, not many late messages.
const MAX_MISSING = 256;

export type Noted = {
  received: Received /** How many numbers were skipped by this one. */;
  skipped: number /** It was missing and came late. */;
  late: boolean;
};

export function noteCounter(received: Received, counter: number): Noted {
  if (counter <= received.highest) {
    const missing = received.missing.filter((one) => one !== counter);
    return { received: { ...received, missing }, skipped: 0, late: missing.length < received.missing.length };
  }
  const skipped = counter - received.highest - 1;
  const first = Math.max(received.highest + 1, counter - MAX_MISSING);
  const fresh = Array.from({ length: counter - first }, (_, index) => first + index);
  return { received: { highest: counter, missing: [...received.missing, ...fresh].slice(-MAX_MISSING) }, skipped, late: false };
}
