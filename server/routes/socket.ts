import type { FastifyInstance } from 'fastify';
import type { RawData } from 'ws';
import { traceOf } from '../plugins/errors.ts';
import type { Bytes } from '../protocol/bytes.ts';
import { type ErrorCode, ProtocolError } from '../protocol/errors.ts';
import { SOCKET_PATH } from '../protocol/http.ts';
import { HELLO_TIMEOUT_MS } from '../protocol/limits.ts';
import { addressKey } from '../relay/rate-limit.ts';
import type { Relay } from '../relay/relay.ts';
import { socketSession } from './socket-session.ts';
import { socketWire } from './socket-wire.ts';

// Finds peers that vanished without a word: asked this often, gone when a question stayed open until the next.
const ALIVE_EVERY_MS = 30_000;

function bytesOf(data: RawData): Bytes {
  if (data instanceof ArrayBuffer) return new Uint8Array(data);
  const buffer = Array.isArray(data) ? Buffer.concat(data) : data;
  return new Uint8Array(buffer.buffer as ArrayBuffer, buffer.byteOffset, buffer.byteLength);
}

/** Sockets open now, in all and by address: a bound on what strangers can hold before they have said who they are. */
function socketCounter(relay: Relay) {
  const byAddress = new Map<string, number>();
  let total = 0;
  return {
    enter(address: string): boolean {
      const held = byAddress.get(address) ?? 0;
      if (total >= relay.config.maxSockets || held >= relay.config.maxSocketsPerAddress) return false;
      byAddress.set(address, held + 1);
      total += 1;
      return true;
    },
    leave(address: string): void {
      const held = (byAddress.get(address) ?? 1) - 1;
      if (held === 0) byAddress.delete(address);
      else byAddress.set(address, held);
      total -= 1;
    },
  };
}

export function socketRoute(app: FastifyInstance, relay: Relay): void {
  const { clock } = relay;
  const counter = socketCounter(relay);

  app.get(SOCKET_PATH, { websocket: true }, (socket, request) => {
    const wire = socketWire(socket, request.raw.socket, clock, relay.counts.frameSent);
    const session = socketSession(relay, wire);
    const address = addressKey(request.ip);
    const counted = counter.enter(address);
    let answeredLastPing = true;
    let cancelAlive = (): void => undefined;

    function end(code: ErrorCode): void {
      session.leave();
      wire.close(code);
    }
    function fail(error: unknown): void {
      if (!(error instanceof ProtocolError)) request.log.error(traceOf(error), 'a frame failed');
      end(error instanceof ProtocolError ? error.code : 'internal');
    }
    function askAlive(): void {
      cancelAlive = clock.setTimer(ALIVE_EVERY_MS, () => {
        if (!answeredLastPing) return wire.terminate();
        answeredLastPing = false;
        socket.ping();
        askAlive();
      });
    }
    const cancelHello = clock.setTimer(HELLO_TIMEOUT_MS, () => {
      if (!session.isWelcome()) end('hello_timeout');
    });

    socket.on('error', session.leave);
    socket.on('pong', () => {
      answeredLastPing = true;
    });
    socket.on('close', () => {
      session.leave();
      cancelHello();
      cancelAlive();
      if (counted) counter.leave(address);
    });
    if (!counted) return end('rate_limited');
    askAlive();
    socket.on('message', (data, isBinary) => {
      if (socket.readyState !== socket.OPEN || relay.work.isStopping()) return;
      if (!isBinary) return fail(new ProtocolError('bad_frame'));
      session.take(bytesOf(data)).catch(fail);
    });
  });
}
