import type { FastifyInstance } from 'fastify';
import type { RawData } from 'ws';
import { traceOf } from '../plugins/errors.ts';
import type { Bytes } from '../protocol/bytes.ts';
import { type ErrorCode, ProtocolError } from '../protocol/errors.ts';
import { SOCKET_PATH } from '../protocol/http.ts';
import { HELLO_TIMEOUT_MS } from '../protocol/limits.ts';
import { addressKey } from '../relay/rate-limit.ts';
import type { Relay } from '../relay/relay.ts';
import { socketCounter } from './socket-counter.ts';
import { socketSession } from './socket-session.ts';
import { socketWire } from './socket-wire.ts';

// Finds peers that vanished without a word: asked this often, gone when a question stayed open until the next.
export const ALIVE_EVERY_MS = 30_000;

// A hello has some three hundred bytes, a frame behind it that came too early a few thousand; what goes on is a stranger filling our memory.
const MAX_BYTES_BEFORE_WELCOME = 16_384;

function bytesOf(data: RawData): Bytes {
  if (data instanceof ArrayBuffer) return new Uint8Array(data);
  const buffer = Array.isArray(data) ? Buffer.concat(data) : data;
  return new Uint8Array(buffer.buffer as ArrayBuffer, buffer.byteOffset, buffer.byteLength);
}

export function socketRoute(app: FastifyInstance, relay: Relay): void {
  const { clock } = relay;
  const counter = socketCounter(relay.config);

  app.get(SOCKET_PATH, { websocket: true }, (socket, request) => {
    const stream = request.raw.socket;
    const wire = socketWire(socket, stream, clock, relay.counts.frameSent);
    const address = addressKey(request.ip);
    const place = counter.enter(address);
    const session = socketSession({ relay, wire, address, welcomed });
    const heardBefore = stream.bytesRead;
    let answeredLastPing = true;
    let cancelAlive = (): void => undefined;

    function welcomed(): void {
      stream.off('data', measure);
      place?.welcomed();
    }
    function measure(): void {
      if (stream.bytesRead - heardBefore > MAX_BYTES_BEFORE_WELCOME) wire.terminate();
    }
    function end(code: ErrorCode): void {
      session.leave();
      wire.close(code);
    }
    function fail(error: unknown): void {
      if (!(error instanceof ProtocolError)) request.log.error(traceOf(error), 'a frame failed');
      end(error instanceof ProtocolError ? error.code : 'internal');
    }
    function control(): void {
      try {
        session.control();
      } catch (error) {
        fail(error);
      }
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
    socket.on('ping', control);
    socket.on('pong', () => {
      answeredLastPing = true;
      control();
    });
    socket.on('close', () => {
      session.leave();
      cancelHello();
      cancelAlive();
      place?.leave();
    });
    if (!place) return end('rate_limited');
    askAlive();
    stream.on('data', measure);
    socket.on('message', (data, isBinary) => {
      if (socket.readyState !== socket.OPEN || relay.work.isStopping()) return;
      if (!isBinary) return fail(new ProtocolError('bad_frame'));
      session.take(bytesOf(data)).catch(fail);
    });
  });
}
