import type { ErrorCode } from '../../server/protocol/errors.ts';
import type { ClientFrame, RelayFrame } from '../../server/protocol/frames.ts';
import type { RelayInfo, Route, RouteAnswer, RouteBody } from '../../server/protocol/http.ts';

/** `offline`: no answer, or one that is not the relay's (a captive portal, a proxy's error page). */
export type RelayFailureCode = ErrorCode | 'offline';

export class RelayFailure extends Error {
  override readonly name = 'RelayFailure';
  readonly code: RelayFailureCode;
  /** 0 when the relay named no time. */
  readonly retryAfterMs: number;
  constructor(code: RelayFailureCode, retryAfterMs = 0) {
    super(code);
    this.code = code;
    this.retryAfterMs = retryAfterMs;
  }
}

/**
 * What is left out on purpose: hello and its answer's version check, ping and pong are the adapter's own business. The engine sends
 * and hears all other frames.
 */
export type EngineFrame = Exclude<ClientFrame, { type: 'hello' | 'ping' }>;
export type HeardFrame = Exclude<RelayFrame, { type: 'pong' }>;

export type RelayHandlers = {
  /** The first one is `welcome`; then in the order the relay sent them. */
  frame(frame: HeardFrame): void;
  /** Once, also when the connection never opened; not after `close()`. A code of `ERRORS[…].close`, or 1006 for a lost network. */
  closed(code: number): void;
};

export type RelayConnection = {
  /** Before `welcome` or after the end: does nothing. Whatever was not answered must be sent again on the next connection anyway. */
  send(frame: EngineFrame): void;
  /** From here on no handler is called. */
  close(): void;
};

export type Relay = {
  /** Scheme, host and port; part of what is signed at login. */
  readonly origin: string;
  /** GET /v1/relay. */
  info(): Promise<RelayInfo>;
  /** The answer as parsed by the route's schema; throws `RelayFailure` and nothing else. `token` is required by routes with `auth`. */
  request<R extends Route>(route: R, body: RouteBody<R>, token?: string): Promise<RouteAnswer<R>>;
  /** One socket; the engine keeps at most one and decides when to try again. */
  connect(token: string, handlers: RelayHandlers): RelayConnection;
};
