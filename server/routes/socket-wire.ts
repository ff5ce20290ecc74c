import type { Socket } from 'node:net';
import type { WebSocket } from 'ws';
import type { Clock } from '../ports.ts';
import { closeCodeOf, type ErrorCode } from '../protocol/errors.ts';
import { encodeFrame, type RelayFrame } from '../protocol/frames.ts';
import type { Wire } from '../relay/wire.ts';

// A peer that takes nothing holds at most this much of ours: the delivery window and a pile of answers.
const MAX_BACKLOG_BYTES = 4 * 1_048_576;

// A peer that does not answer our close gets no more of our time.
const CLOSE_PATIENCE_MS = 1_000;

export function socketWire(
  socket: WebSocket,
  stream: Socket,
  clock: Clock,
  sent: (frame: RelayFrame) => void,
): Wire & { terminate(): void } {
  let corked = false;
  let closed = false;

  /** Everything sent in one turn leaves in one packet. */
  function cork(): void {
    if (corked) return;
    corked = true;
    stream.cork();
    process.nextTick(() => {
      corked = false;
      stream.uncork();
    });
  }

  function terminate(): void {
    closed = true;
    socket.terminate();
  }

  return {
    send(frame: RelayFrame): void {
      if (closed) return;
      if (socket.bufferedAmount > MAX_BACKLOG_BYTES) {
        terminate();
        return;
      }
      cork();
      socket.send(encodeFrame(frame));
      sent(frame);
    },
    backlogBytes: () => socket.bufferedAmount,
    pause: () => socket.pause(),
    resume: () => socket.resume(),
    close(code: ErrorCode): void {
      if (closed) return;
      closed = true;
      socket.close(closeCodeOf(code) ?? 1011, code);
      clock.setTimer(CLOSE_PATIENCE_MS, () => socket.terminate());
    },
    terminate,
  };
}
