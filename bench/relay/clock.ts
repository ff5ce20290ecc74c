// One clock for every process of the bench: the machine's monotonic one. performance.now() counts from each process's own start.
const offsetMs = Number(process.hrtime.bigint()) / 1e6 - performance.now();

/** Milliseconds, with fractions; comparable between processes of one machine. */
export function now(): number {
  return performance.now() + offsetMs;
}

export function wait(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}
