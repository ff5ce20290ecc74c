/** The relay's socket, with the two things the engine need not know: the hello with its token, and the pings that find a dead network. */
import { closeCodeOf } from '../../server/protocol/errors.ts';
import { encodeFrame, parseRelayFrame, type RelayFrame } from '../../server/protocol/frames.ts';
import { SOCKET_PATH } from '../../server/protocol/http.ts';
import { PROTOCOL_MAX, PROTOCOL_MIN } from '../../server/protocol/version.ts';
import type { Clock } from '../ports/clock.ts';
import type { Relay, RelayConnection, RelayHandlers } from '../ports/relay.ts';
import { createRelayHttp } from './relay-http.ts';

// From the first byte to `welcome`, on a slow phone.
const WELCOME_TIMEOUT_MS = 20_000;
// Shorter than the 30 s after which the strictest proxies forget an idle connection.
const PING_EVERY_MS = 25_000;
const PONG_TIMEOUT_MS = 10_000;

const CLOSE_NORMAL = 1_000;
/** What a browser reports for a connection that ended without a close frame. */
const CLOSE_LOST = 1_006;
const CLOSE_WRONG_VERSION = closeCodeOf('unsupported_version') ?? CLOSE_LOST;

/** undefined: not a frame of ours; a relay that speaks so is as good as gone. */
function parse(data: unknown): RelayFrame | undefined {
  if (!(data instanceof ArrayBuffer)) return undefined;
  try {
    return parseRelayFrame(new Uint8Array(data));
  } catch {
    return undefined;
  }
}

function connect(url: string, clock: Clock, token: string, handlers: RelayHandlers): RelayConnection {
  const socket = new WebSocket(url);
  socket.binaryType = 'arraybuffer';
  let state: 'greeting' | 'open' | 'ended' = 'greeting';
  let pings = 0;
  let cancel = clock.setTimer(WELCOME_TIMEOUT_MS, () => end(CLOSE_LOST));

  /** No message is dispatched after `socket.close()` (WHATWG WebSockets §4: only while the state is OPEN). */
  function stop(): void {
    state = 'ended';
    cancel();
    socket.close(CLOSE_NORMAL);
  }

  function end(code: number): void {
    if (state === 'ended') return;
    stop();
    handlers.closed(code);
  }

  function transmit(frame: Parameters<typeof encodeFrame>[0]): void {
    if (socket.readyState === WebSocket.OPEN) socket.send(encodeFrame(frame) as Uint8Array<ArrayBuffer>);
  }

  /** Anything that arrives proves the network; only silence is asked. */
  function alive(): void {
    cancel();
    cancel = clock.setTimer(PING_EVERY_MS, () => {
      pings = (pings + 1) % 2 ** 32;
      cancel = clock.setTimer(PONG_TIMEOUT_MS, () => end(CLOSE_LOST));
      transmit({ type: 'ping', value: pings });
    });
  }

  /** Why the relay cannot be listened to any further; undefined when it can. */
  function objection(frame: RelayFrame): number | undefined {
    if ((frame.type === 'welcome') !== (state === 'greeting')) return CLOSE_LOST;
    if (frame.type !== 'welcome') return undefined;
    return frame.protocol >= PROTOCOL_MIN && frame.protocol <= PROTOCOL_MAX ? undefined : CLOSE_WRONG_VERSION;
  }

  function hear(frame: RelayFrame | undefined): void {
    const code = frame ? objection(frame) : CLOSE_LOST;
    if (!frame || code !== undefined) {
      end(code ?? CLOSE_LOST);
      return;
    }
    state = 'open';
    alive();
    if (frame.type !== 'pong') handlers.frame(frame);
  }

  socket.addEventListener('open', () => transmit({ type: 'hello', protocolMin: PROTOCOL_MIN, protocolMax: PROTOCOL_MAX, token }));
  socket.addEventListener('message', (event) => hear(parse(event.data)));
  socket.addEventListener('close', (event) => end(event.code));

  return {
    send(frame) {
      if (state === 'open') transmit(frame);
    },
    close() {
      if (state !== 'ended') stop();
    },
  };
}

export function createWebSocketRelay({ origin, clock }: { origin: string; clock: Clock }): Relay {
  const socketUrl = origin.replace(/^http/, 'ws') + SOCKET_PATH;
  return { origin, ...createRelayHttp(origin), connect: (token, handlers) => connect(socketUrl, clock, token, handlers) };
}
