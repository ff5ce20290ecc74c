/** Time as the engine knows it. Tests turn it by hand; nothing in `client/messenger` asks the machine. */
export type Clock = {
  /** Milliseconds since 1970. May jump in both directions: people set their clocks. */
  now(): number;
  /** Calls `run` once, not before `afterMs` have passed; the returned function cancels and may be called at any time, more than once. */
  setTimer(afterMs: number, run: () => void): () => void;
};
