const MIN_MS = 500;
const MAX_MS = 30_000;

/** Full jitter: anywhere between half a second and a bound that doubles with every failure, 30 seconds at most unless told otherwise. */
export function backoffMs(failures: number, chance: number, maxMs = MAX_MS): number {
  const bound = Math.min(maxMs, 2 * MIN_MS * 2 ** Math.min(failures, 10));
  return Math.round(MIN_MS + chance * (bound - MIN_MS));
}
