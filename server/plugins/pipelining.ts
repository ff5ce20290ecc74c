import type { Server, Socket } from 'node:net';
import { Server as TlsServer } from 'node:tls';

// The one way in which Node's parser lets a head end.
const HEAD_END = '\r\n\r\n';
const TAIL = HEAD_END.length - 1;

// Everybody of ours waits for an answer before the next request; one more for luck.
export const MAX_REQUESTS_A_TURN = 2;

/** In which turn of the event loop a connection was last heard, how many requests began in what it said then, and its last letters. */
type Heard = { turn: number; requests: number; tail: string };

/** No more than would be too many. */
function headsIn(tail: string, chunk: Buffer): number {
  let count = (tail + chunk.subarray(0, TAIL).toString('latin1')).includes(HEAD_END) ? 1 : 0;
  for (let at = chunk.indexOf(HEAD_END); at >= 0 && count <= MAX_REQUESTS_A_TURN; at = chunk.indexOf(HEAD_END, at + HEAD_END.length))
    count += 1;
  return count;
}

/**
 * Ends a connection that sends request upon request without waiting. Node hands a route every request of the 64 KiB that it reads at once, some
 * 1,600, before anybody else has a turn, and a rate limit answers each: a hundred such connections would hold everybody up for seconds.
 */
export function refusePipelining(server: Server): void {
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
    const requests = headsIn(tail, chunk) + (before?.turn === turn ? before.requests : 0);
    heard.set(this, { turn, requests, tail: (tail + chunk.subarray(-TAIL).toString('latin1')).slice(-TAIL) });
    if (requests <= MAX_REQUESTS_A_TURN) return;
    // The parser has the same bytes next and reads them to their end, whatever became of the connection: they say nothing any more.
    chunk.fill(0);
    this.destroy();
  }

  server.on(server instanceof TlsServer ? 'secureConnection' : 'connection', (socket: Socket) => socket.prependListener('data', look));
  // From here on it is frames, which may hold any bytes.
  server.on('upgrade', (_request, socket: Socket) => socket.off('data', look));
}
