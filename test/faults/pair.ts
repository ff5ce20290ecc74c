import { strict as assert } from 'node:assert';
import type { RelayFrame } from '../../server/protocol/frames.ts';
import { addressOf, type RelayDevice } from '../support/relay-device.ts';
import { connect } from '../support/relay-socket.ts';
import { bodyOf, idBytes } from './model.ts';

/**
 * Two who behave: one writes, the other acknowledges, and with the acknowledgement the next is written. Everything must be accepted and
 * come once, in order. Neither socket may end before it is told to.
 */
export async function wellBehavedPair(
  origin: string,
  writer: { token: string },
  reader: { device: RelayDevice; token: string },
  ids: () => string,
) {
  const broken = Promise.withResolvers<never>();
  broken.promise.catch(() => undefined);
  const [from, to] = await Promise.all([connect(origin, writer.token), connect(origin, reader.token)]);
  let exchanged = 0;
  let stopping = false;
  let expected = '';
  let accepted = true;
  const stopped = Promise.withResolvers<void>();

  function next(): void {
    if (stopping) return stopped.resolve();
    expected = ids();
    accepted = false;
    from.send({
      type: 'submit',
      requestId: exchanged,
      envelopeId: idBytes(expected),
      recipients: [addressOf(reader.device)],
      body: bodyOf(expected),
    });
  }
  function heard(handle: (frame: RelayFrame) => void): (frame: RelayFrame) => void {
    return (frame) => {
      try {
        handle(frame);
      } catch (error) {
        broken.reject(error);
      }
    };
  }
  from.listen(
    heard((frame) => {
      assert.notEqual(frame.type, 'refused');
      if (frame.type === 'accepted') accepted = true;
    }),
  );
  to.listen(
    heard((frame) => {
      if (frame.type !== 'deliver') return;
      assert.equal(Buffer.from(frame.envelopeId).toString('hex'), expected);
      to.send({ type: 'ack', sequence: frame.sequence });
      exchanged += 1;
      next();
    }),
  );
  for (const socket of [from, to]) void socket.closed.then((code) => broken.reject(new Error(`a well-behaved socket ended with ${code}`)));
  next();

  return {
    /** Rejects as soon as something went wrong for them. */
    broken: broken.promise,
    exchanged: () => exchanged,
    /** Exchanges a second over so long. */
    async pace(ms: number): Promise<number> {
      const before = exchanged;
      await Promise.race([new Promise((resolve) => setTimeout(resolve, ms)), broken.promise]);
      return ((exchanged - before) * 1_000) / ms;
    },
    async end(): Promise<void> {
      stopping = true;
      await Promise.race([stopped.promise, broken.promise]);
      assert.ok(accepted || exchanged > 0);
      await Promise.all([from.close(), to.close()]);
    },
  };
}
