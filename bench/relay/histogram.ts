/** Latencies in buckets that grow by one per cent each: what drivers hand over is small, and quantiles are right within that one per cent. */
const SMALLEST_MS = 0.01;
const GROWTH = Math.log(1.01);
const BUCKETS = 2_048;

/** Counts by bucket; plain numbers, so that it travels between processes. */
export type Histogram = number[];

export function newHistogram(): Histogram {
  return new Array<number>(BUCKETS).fill(0);
}

export function record(histogram: Histogram, ms: number): void {
  const bucket = ms <= SMALLEST_MS ? 0 : Math.min(BUCKETS - 1, Math.floor(Math.log(ms / SMALLEST_MS) / GROWTH));
  histogram[bucket] = (histogram[bucket] ?? 0) + 1;
}

export function merge(histograms: readonly Histogram[]): Histogram {
  const all = newHistogram();
  for (const histogram of histograms) {
    for (const [bucket, count] of histogram.entries()) all[bucket] = (all[bucket] ?? 0) + count;
  }
  return all;
}

export function countOf(histogram: Histogram): number {
  return histogram.reduce((sum, count) => sum + count, 0);
}

/** The smallest latency that `part` of all stay at or below, as its bucket's upper edge; NaN of nothing. */
export function quantile(histogram: Histogram, part: number): number {
  const wanted = Math.max(1, Math.ceil(countOf(histogram) * part));
  let seen = 0;
  for (const [bucket, count] of histogram.entries()) {
    seen += count;
    if (seen >= wanted) return SMALLEST_MS * Math.exp((bucket + 1) * GROWTH);
  }
  return Number.NaN;
}
