import { createReadStream } from 'node:fs';

export type Progress = (done: number, total: number) => void;

/** What takes long says how far it is, and asks now and then whether it should go on. */
export type LongWork = {
  progress: Progress;
  /** Throws when somebody wants it to end. */
  goOn(): void;
};

/** The parts of a file, in order; between two of them signals are heard. */
export async function* partsOf(path: string, seen: (bytes: number) => void): AsyncGenerator<Buffer> {
  for await (const part of createReadStream(path)) {
    seen((part as Buffer).length);
    yield part as Buffer;
  }
}

/** Adds up what is seen of `total`. */
export function counted(total: number, { progress, goOn }: LongWork): (bytes: number) => void {
  let done = 0;
  return (bytes) => {
    done += bytes;
    progress(done, total);
    goOn();
  };
}
