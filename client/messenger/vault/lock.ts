/** Many readers or one writer: a page read from storage never sees half of a commit, and no commit slips under a value being cached. */
export type ReadWriteLock = {
  read<R>(run: () => Promise<R>): Promise<R> /** One at a time; the caller sees to that. */;
  write<R>(run: () => Promise<R>): Promise<R>;
};

export function createReadWriteLock(): ReadWriteLock {
  const reads = new Set<Promise<unknown>>();
  let writing: Promise<void> | undefined;

  return {
    async read(run) {
      while (writing) await writing;
      const reading = run();
      reads.add(reading);
      try {
        return await reading;
      } finally {
        reads.delete(reading);
      }
    },
    async write(run) {
      const { promise, resolve } = Promise.withResolvers<void>();
      writing = promise;
      try {
        await Promise.allSettled(reads);
        return await run();
      } finally {
        writing = undefined;
        resolve();
      }
    },
  };
}
