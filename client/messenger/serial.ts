/** Runs one at a time, in the order asked. A failure is its caller's and stops nobody else. */
export type Serial = <T>(run: () => Promise<T> | T) => Promise<T>;

export function createSerial(): Serial {
  let last: Promise<unknown> = Promise.resolve();
  return (run) => {
    const result = last.then(run);
    last = result.catch(() => undefined);
    return result;
  };
}
