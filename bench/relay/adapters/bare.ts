/** The bare harness: who I am once, then target, number and body; an acknowledgement is a sequence. */
import type { Adapter, Target } from '../adapter.ts';
import { BARE } from '../bare-wire.ts';
import { acknowledger } from './acknowledge.ts';
import { openWebSocket } from './web-socket.ts';

export function bare({ port }: Target): Adapter<number> {
  return {
    signUp: async (device) => String(device),
    logIn: async () => undefined,
    async connect(device, on) {
      const acknowledge = acknowledger((sequence) => {
        const frame = Buffer.alloc(9);
        frame[0] = BARE.ack;
        frame.writeDoubleBE(sequence, 1);
        socket.send(frame);
      });
      const socket = await openWebSocket(`ws://127.0.0.1:${port}`, device, {
        failed: on.failed,
        message(frame) {
          if (frame[0] === BARE.accepted) return on.accepted();
          on.delivered(frame.subarray(9));
          acknowledge(frame.readDoubleBE(1));
        },
      });
      const hello = Buffer.alloc(5);
      hello[0] = BARE.hello;
      hello.writeUInt32BE(device, 1);
      socket.send(hello);
      return {
        send(to, body) {
          const frame = Buffer.allocUnsafe(5 + body.length);
          frame[0] = BARE.submit;
          frame.writeUInt32BE(to, 1);
          body.copy(frame, 5);
          socket.send(frame);
        },
        close: socket.close,
      };
    },
    route: (addresses) => Number(addresses[0]),
  };
}
