/**
 * How many envelopes a second the real relay accepts: its own process, data on disk, every envelope fsynced before it is accepted.
 * 50 senders with 8 outstanding submits each, 2 KiB envelopes, each to another connected device that acknowledges what it gets.
 * The rates are lifted by SOTTOVOCE_RATE_FACTOR, which is the only setting changed.
 */
import { randomBytes } from 'node:crypto';
import type { Recipient } from '../server/protocol/frames.ts';
import { startRelay } from '../test/support/relay.ts';
import { addressOf, registerMany } from '../test/support/relay-device.ts';
import { connect, type RelaySocket } from '../test/support/relay-socket.ts';
import type { Bench } from './report.ts';

const SENDERS = 50;
const OUTSTANDING = 8;
const ENVELOPE_BYTES = 2_048;
const WARM_UP_MS = 1_000;
const MEASURE_MS = 4_000;

/** Acknowledges, as a client would, once for every few envelopes. */
const ACKNOWLEDGE_EVERY = 16;

type Counter = { accepted: number; delivered: number; refused: number };

function drive(socket: RelaySocket, recipient: Recipient, counter: Counter, running: () => boolean): void {
  const body = new Uint8Array(randomBytes(ENVELOPE_BYTES));
  let requestId = 0;
  let unacknowledged = 0;
  function submit(): void {
    requestId += 1;
    socket.send({ type: 'submit', requestId, envelopeId: new Uint8Array(randomBytes(16)), recipients: [recipient], body });
  }
  socket.listen((frame) => {
    if (frame.type === 'deliver') {
      counter.delivered += 1;
      unacknowledged += 1;
      if (unacknowledged < ACKNOWLEDGE_EVERY) return;
      unacknowledged = 0;
      socket.send({ type: 'ack', sequence: frame.sequence });
    }
    if (frame.type === 'refused') counter.refused += 1;
    if (frame.type === 'accepted') counter.accepted += 1;
    if ((frame.type === 'accepted' || frame.type === 'refused') && running()) submit();
  });
  for (let i = 0; i < OUTSTANDING; i++) submit();
}

function wait(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}

export const accepted: Bench = async (progress) => {
  const relay = await startRelay({ env: { SOTTOVOCE_RATE_FACTOR: '100000' } });
  try {
    progress(`${SENDERS} devices sign up`);
    const members = await registerMany(relay.origin, relay.firstInvite ?? '', SENDERS);
    const sockets = await Promise.all(members.map(({ token }) => connect(relay.origin, token)));
    const counter: Counter = { accepted: 0, delivered: 0, refused: 0 };
    let running = true;
    sockets.forEach((socket, index) => {
      const other = members[(index + 1) % members.length];
      if (other) drive(socket, addressOf(other.device), counter, () => running);
    });
    await wait(WARM_UP_MS);
    progress(`measuring for ${MEASURE_MS} ms`);
    const [before, startedAt] = [counter.accepted, performance.now()];
    await wait(MEASURE_MS);
    const perSecond = ((counter.accepted - before) * 1_000) / (performance.now() - startedAt);
    running = false;
    if (counter.refused > 0) throw new Error(`the relay refused ${counter.refused} submits`);
    await Promise.all(sockets.map((socket) => socket.close()));
    return [{ name: 'accepted_per_s', value: perSecond, unit: '1/s', atLeast: 5_000 }];
  } finally {
    await relay.stop();
  }
};
