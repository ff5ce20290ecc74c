import { systemClock } from '../../client/adapters/system-clock.ts';
import { createWebSocketRelay } from '../../client/adapters/websocket-relay.ts';
import type { Relay } from '../../client/ports/relay.ts';

// Shorter ones stand in a log by chance.
const MIN_CHARACTERS = 8;
const MIN_NUMBER = 1_000_000;
// Larger ones are times, and a line says when it was written.
const MAX_NUMBER = 2 ** 32;

/** Everything that devices and relay said to each other, as somebody might write it into a log. */
export type ToldValues = { add(value: unknown): void; shownIn(text: string): string[] };

function writings(value: unknown): string[] {
  if (typeof value === 'string') return value.length >= MIN_CHARACTERS ? [value] : [];
  if (typeof value === 'number') return value > MIN_NUMBER && value < MAX_NUMBER ? [String(value)] : [];
  if (value instanceof Uint8Array) {
    const bytes = Buffer.from(value.subarray(0, 64));
    return bytes.length < MIN_CHARACTERS
      ? []
      : [bytes.toString('hex'), bytes.toString('base64url').slice(0, -1), bytes.toString('base64').replace(/.=*$/, ''), bytes.join()];
  }
  return typeof value === 'object' && value !== null ? Object.values(value).flatMap(writings) : [];
}

export function toldValues(): ToldValues {
  const all = new Set<string>();
  return {
    add(value) {
      for (const writing of writings(value)) all.add(writing);
    },
    shownIn: (text) => [...all].filter((one) => text.includes(one)),
  };
}

/** The real relay, with everything noted that goes either way. */
export function overheardRelay(origin: string, told: ToldValues): Relay {
  const relay = createWebSocketRelay({ origin, clock: systemClock });
  return {
    origin,
    info: () => relay.info(),
    async request(route, body, token) {
      told.add([body, token]);
      const answer = await relay.request(route, body, token);
      told.add(answer);
      return answer;
    },
    connect(token, handlers) {
      told.add(token);
      const connection = relay.connect(token, {
        ...handlers,
        frame(frame) {
          // The words of the protocol itself may be told.
          told.add({ ...frame, type: '', code: '' });
          handlers.frame(frame);
        },
      });
      return {
        send(frame) {
          told.add({ ...frame, type: '' });
          connection.send(frame);
        },
        close: () => connection.close(),
      };
    },
  };
}
