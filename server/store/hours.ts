/** Times on disk are whole hours since 1970: enough to let things run out, too coarse to say when somebody wrote. */
export const HOUR_MS = 3_600_000;

export function hourAtOrAfter(time: number): number {
  return Math.ceil(time / HOUR_MS);
}
