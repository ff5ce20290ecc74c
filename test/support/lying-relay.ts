import { systemClock } from '../../client/adapters/system-clock.ts';
import { createWebSocketRelay } from '../../client/adapters/websocket-relay.ts';
import type { EngineFrame, HeardFrame, Relay } from '../../client/ports/relay.ts';
import type { Route, RouteAnswer, RouteBody } from '../../server/protocol/http.ts';

/** What a relay under somebody's thumb does to one client: each lie sees the truth and says something else. */
export type Lies = {
  /** Answers without the relay's ever having been asked; undefined lets the request through. */
  instead?: (route: Route, body: unknown) => unknown;
  /** Instead of the true answer to a request. */
  answer?: (route: Route, answer: unknown, body: unknown) => unknown;
  /** Instead of a frame: none, others, several. */
  frame?: (frame: HeardFrame) => HeardFrame[];
  /** Sees what the client says, and may swallow it. */
  sent?: (frame: EngineFrame) => boolean | undefined;
};

export type LyingRelay = Relay & {
  lies: Lies /** Everything the client sent, in order. */;
  said: EngineFrame[] /** Every request the client made, in order. */;
  asked: Route[] /** Says this to the client, as if it had come. */;
  inject(frame: HeardFrame): void;
};

export function createLyingRelay(origin: string): LyingRelay {
  const honest = createWebSocketRelay({ origin, clock: systemClock });
  let speak: (frame: HeardFrame) => void = () => undefined;
  const relay: LyingRelay = {
    origin: honest.origin,
    lies: {},
    said: [],
    asked: [],
    inject: (frame) => speak(frame),
    info: () => honest.info(),
    async request<R extends Route>(route: R, body: RouteBody<R>, token?: string): Promise<RouteAnswer<R>> {
      relay.asked.push(route);
      const made = relay.lies.instead?.(route, body);
      if (made !== undefined) return made as RouteAnswer<R>;
      const answer = await honest.request(route, body, token);
      return (relay.lies.answer ? relay.lies.answer(route, answer, body) : answer) as RouteAnswer<R>;
    },
    connect(token, handlers) {
      speak = handlers.frame;
      const connection = honest.connect(token, {
        ...handlers,
        frame(frame) {
          for (const one of relay.lies.frame?.(frame) ?? [frame]) handlers.frame(one);
        },
      });
      return {
        close: () => connection.close(),
        send(frame) {
          relay.said.push(frame);
          if (relay.lies.sent?.(frame) !== false) connection.send(frame);
        },
      };
    },
  };
  return relay;
}
