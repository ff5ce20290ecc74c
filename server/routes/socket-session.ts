import type { Bytes } from '../protocol/bytes.ts';
import { ProtocolError } from '../protocol/errors.ts';
import { type ClientFrame, type HelloFrame, parseClientFrame, type SignalFrame, type SubmitFrame } from '../protocol/frames.ts';
import { PROTOCOL_MAX, PROTOCOL_MIN } from '../protocol/version.ts';
import { NO_ROOM_RETRY_MS } from '../relay/disk.ts';
import type { Reader } from '../relay/reader.ts';
import type { Relay } from '../relay/relay.ts';
import type { Wire } from '../relay/wire.ts';
import type { StoredDevice, SubmissionResult } from '../store/store.ts';

// A fan-out costs one more for every so many recipients.
const RECIPIENTS_PER_COST = 32;

// Submits of one socket that have no answer yet: past the first it is not read further, until half of it is done.
const MAX_UNANSWERED_BYTES = 1_048_576;

type Session = { device: StoredDevice; reader: Reader };

/** What the socket's route knows and does for the session. */
export type SocketParts = { relay: Relay; wire: Wire; address: string; welcomed(): void };

/** What one socket may say: `hello` first, nothing more until `welcome`, then the other frames. Throws the code that ends the socket. */
export function socketSession({ relay, wire, address, welcomed }: SocketParts) {
  const { counts, disk, limits, queue, sockets, store, strangers } = relay;
  let helloSeen = false;
  let ended = false;
  let session: Session | undefined;
  let unansweredBytes = 0;
  let paused = false;

  function count(bytes: number): void {
    unansweredBytes += bytes;
    const full = unansweredBytes > (paused ? MAX_UNANSWERED_BYTES / 2 : MAX_UNANSWERED_BYTES);
    if (full === paused) return;
    paused = full;
    if (full) wire.pause();
    else wire.resume();
  }

  function leave(): void {
    ended = true;
    if (session) sockets.detach(session.device.row, session.reader);
  }

  async function welcome({ protocolMin, protocolMax, token }: HelloFrame): Promise<void> {
    const protocol = Math.min(protocolMax, PROTOCOL_MAX);
    if (protocol < protocolMin || protocol < PROTOCOL_MIN) throw new ProtocolError('unsupported_version');
    const device = await relay.tokens.verify(token).catch((error: unknown) => {
      limits.require('addressDenied', address);
      throw error;
    });
    limits.require('deviceHello', device.row);
    if (ended) return;
    const { reader, state } = await sockets.attach(device, wire, queue);
    session = { device, reader };
    if (ended) {
      leave();
      return;
    }
    welcomed();
    wire.send({ type: 'welcome', protocol, acknowledged: state.acknowledged, waiting: state.waiting, time: relay.clock.now() });
    reader.start(state);
  }

  function submit(frame: SubmitFrame, bytes: Bytes, device: StoredDevice): void {
    const { requestId, recipients, body } = frame;
    const cost = 1 + Math.floor(recipients.length / RECIPIENTS_PER_COST);
    // What names every recipient comes last: a frame beyond the rate should cost little.
    const tooOften = limits.waitFor('deviceSubmit', device.row, cost) || limits.waitFor('accountBytes', device.accountId, body.length);
    const pairs = tooOften > 0 ? [] : strangers.pairs(device.accountId, recipients);
    const retryAfterMs = tooOften || strangers.waitFor(pairs);
    if (retryAfterMs > 0) {
      wire.send({ type: 'refused', requestId, code: 'rate_limited', retryAfterMs, accounts: [] });
      // Who goes on all the same is cut off.
      limits.require('deviceFrame', device.row);
      return;
    }
    if (!disk.hasRoom()) {
      wire.send({ type: 'refused', requestId, code: 'unavailable', retryAfterMs: NO_ROOM_RETRY_MS, accounts: [] });
      return;
    }
    count(bytes.length);
    strangers.began(pairs, body.length);
    queue.submit(frame, bytes, (result: SubmissionResult) => {
      strangers.ended(pairs, body.length);
      count(-bytes.length);
      if (result.accepted) {
        strangers.charge(
          result.strangers.map((index) => pairs[index] as string),
          body.length,
        );
        return wire.send({ type: 'accepted', requestId });
      }
      const { code, accounts } = result;
      wire.send({ type: 'refused', requestId, code, retryAfterMs: code === 'unavailable' ? NO_ROOM_RETRY_MS : 0, accounts });
    });
  }

  async function signal({ recipients, body }: SignalFrame, device: StoredDevice): Promise<void> {
    const tooOften =
      limits.waitFor('deviceSignal', device.row, recipients.length) ||
      limits.waitFor('accountBytes', device.accountId, body.length * recipients.length);
    if (tooOften > 0) return limits.require('deviceFrame', device.row);
    const targets = (await store.resolve(recipients)).filter((row) => limits.waitFor('targetSignal', row) === 0);
    sockets.signal(targets, body as Bytes);
  }

  async function afterWelcome(frame: ClientFrame, bytes: Bytes, { device, reader }: Session): Promise<void> {
    switch (frame.type) {
      case 'hello':
        throw new ProtocolError('bad_frame');
      case 'submit':
        return submit(frame, bytes, device);
      case 'signal':
        return signal(frame, device);
      case 'ack':
        limits.require('deviceFrame', device.row);
        return reader.acknowledge(frame.sequence);
      case 'ping':
        limits.require('deviceFrame', device.row);
        return wire.send({ type: 'pong', value: frame.value });
    }
  }

  return {
    isWelcome: () => session !== undefined,
    /** A control frame of WebSocket itself. */
    control(): void {
      if (!session) throw new ProtocolError('bad_frame');
      limits.require('deviceFrame', session.device.row);
    },
    async take(bytes: Bytes): Promise<void> {
      const frame = parseClientFrame(bytes);
      counts.frameReceived(frame.type);
      if (session) return afterWelcome(frame, bytes, session);
      if (helloSeen || frame.type !== 'hello') throw new ProtocolError('bad_frame');
      helloSeen = true;
      await welcome(frame);
    },
    leave,
  };
}
