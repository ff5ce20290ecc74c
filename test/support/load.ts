import { randomBytes } from 'node:crypto';
import { addressOf, type RelayDevice } from './relay-device.ts';
import { connect } from './relay-socket.ts';

export type Load = {
  /** Ids of envelopes that the relay has accepted, in hexadecimal, with how long each answer took. */
  accepted: Map<string, number>;
  /** Resolves when so many more were accepted. */
  more(count: number): Promise<void>;
  /** No more is submitted; resolves when all is answered. */
  stop(): Promise<void>;
};

const DEPTH = 8;

/** Every sender keeps some envelopes on their way to the reader until it is stopped. */
export async function startLoad(origin: string, senders: readonly { token: string }[], reader: RelayDevice): Promise<Load> {
  const accepted = new Map<string, number>();
  const recipients = [addressOf(reader)];
  let waiters: { at: number; resolve(): void }[] = [];
  let stopping = false;
  const ended = senders.map(async ({ token }) => {
    const socket = await connect(origin, token);
    await socket.expect('drained');
    const open = new Map<number, { id: string; at: number }>();
    let requestId = 0;
    const { promise, resolve } = Promise.withResolvers<void>();
    function submit(): void {
      if (stopping) return;
      const envelopeId = new Uint8Array(randomBytes(16));
      open.set(++requestId, { id: Buffer.from(envelopeId).toString('hex'), at: performance.now() });
      socket.send({ type: 'submit', requestId, envelopeId, recipients, body: new Uint8Array(randomBytes(2_048)) });
    }
    socket.listen((frame) => {
      if (frame.type !== 'accepted' && frame.type !== 'refused') return;
      const one = open.get(frame.requestId);
      open.delete(frame.requestId);
      if (frame.type === 'accepted' && one) accepted.set(one.id, performance.now() - one.at);
      const ready = waiters.filter(({ at }) => accepted.size >= at);
      waiters = waiters.filter((waiter) => !ready.includes(waiter));
      for (const waiter of ready) waiter.resolve();
      submit();
      if (stopping && open.size === 0) resolve();
    });
    for (let i = 0; i < DEPTH; i++) submit();
    await promise;
    await socket.close();
  });
  return {
    accepted,
    more: (count) => new Promise((resolve) => waiters.push({ at: accepted.size + count, resolve })),
    async stop() {
      stopping = true;
      await Promise.all(ended);
    },
  };
}
