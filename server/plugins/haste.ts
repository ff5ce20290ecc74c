import type { Server, Socket } from 'node:net';
import { Server as TlsServer } from 'node:tls';

const LINE_END = '\r\n';
// The one way in which Node's parser lets a head end.
const HEAD_END = LINE_END + LINE_END;
const TAIL = HEAD_END.length - 1;

// Everybody of ours waits for an answer before the next request; one more for luck.
export const MAX_REQUESTS_A_TURN = 2;

// Lines and packets (or records of TLS) together. A browser's request has some thirty lines, a body of ours none, however long.
export const MAX_PIECES_A_TURN = 256;

/** What a connection said in the turn of the event loop in which it was last heard, and its last letters. */
type Heard = { turn: number; requests: number; pieces: number; tail: string };

/** No more than would be too many. */
function count(text: string, chunk: Buffer, enough: number): number {
  let found = 0;
  for (let at = chunk.indexOf(text); at >= 0 && found <= enough; at = chunk.indexOf(text, at + text.length)) found += 1;
  return found;
}

/**
 * Ends a connection that asks too much of one turn of the event loop: request upon request without waiting for answers, or a body in crumbs.
 * Node reads 64 KiB at once and hands over all that is in there, 1,600 requests or 10,000 chunks of a byte, before anybody else has a turn;
 * limits answer each of them, and a hundred such connections would hold everybody up for seconds and take gigabytes.
 */
export function endHasty(server: Server): void {
  const heard = new WeakMap<Socket, Heard>();
  let turn = 0;
  let turns = false;

  function look(this: Socket, chunk: Buffer): void {
    if (!turns) {
      turns = true;
      setImmediate(() => {
        turns = false;
        turn += 1;
      });
    }
    const before = heard.get(this);
    const tail = before?.tail ?? '';
    const now = before?.turn === turn ? before : { requests: 0, pieces: 0 };
    const joint = (tail + chunk.subarray(0, TAIL).toString('latin1')).includes(HEAD_END) ? 1 : 0;
    const requests = now.requests + joint + count(HEAD_END, chunk, MAX_REQUESTS_A_TURN);
    const pieces = now.pieces + 1 + count(LINE_END, chunk, MAX_PIECES_A_TURN);
    heard.set(this, { turn, requests, pieces, tail: (tail + chunk.subarray(-TAIL).toString('latin1')).slice(-TAIL) });
    if (requests <= MAX_REQUESTS_A_TURN && pieces <= MAX_PIECES_A_TURN) return;
    // The parser has the same bytes next and reads them to their end, whatever became of the connection: they say nothing any more.
    chunk.fill(0);
    this.destroy();
  }

  server.on(server instanceof TlsServer ? 'secureConnection' : 'connection', (socket: Socket) => socket.prependListener('data', look));
  // From here on it is frames, which may hold any bytes.
  server.on('upgrade', (_request, socket: Socket) => socket.off('data', look));
}
