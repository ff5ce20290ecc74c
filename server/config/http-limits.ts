/** What a connection may cost before anything is known of it. Handed in, so that tests need not wait. */
export type HttpLimits = {
  /** Request line and headers. Ours have a few hundred bytes, a browser's and a proxy's one or two thousand more. */
  maxHeaderBytes: number;
  /** From the first byte, or from connecting, to the end of the headers. */
  headersTimeoutMs: number;
  /** To the end of the body; ours are small. */
  requestTimeoutMs: number;
  /** How often both are looked after. */
  checkEveryMs: number;
  /** A connection between two requests: the page asks for all its files within seconds, a proxy keeps its own. */
  keepAliveMs: number;
};

export const HTTP_LIMITS: HttpLimits = {
  maxHeaderBytes: 8_192,
  headersTimeoutMs: 10_000,
  requestTimeoutMs: 15_000,
  checkEveryMs: 1_000,
  keepAliveMs: 60_000,
};
