/**
 * What was taken in and is not answered yet. When the relay stops, nothing more is taken in and this is waited for: whoever was answered
 * has heard the truth, and what was not taken in is not stored.
 */
export function openWork() {
  let open = 0;
  let stopping = false;
  let idle = (): void => undefined;

  function ended(): void {
    open -= 1;
    if (open === 0) idle();
  }

  return {
    isStopping: () => stopping,
    async during<Result>(work: Promise<Result>): Promise<Result> {
      open += 1;
      try {
        return await work;
      } finally {
        ended();
      }
    },
    async stop(): Promise<void> {
      stopping = true;
      if (open > 0) await new Promise<void>((resolve) => (idle = resolve));
      // One turn more, in which the last answers leave.
      await new Promise((resolve) => setImmediate(resolve));
    },
  };
}

export type OpenWork = ReturnType<typeof openWork>;
