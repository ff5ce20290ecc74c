import { randomBytes } from 'node:crypto';
import { expect, test } from 'vitest';
import { RESUBMIT_MEMORY_MS } from '../../server/protocol/limits.ts';
import { addressKey } from '../../server/relay/rate-limit.ts';
import { recentEnvelopes } from '../../server/store/recent-envelopes.ts';
import { addressOf, login, type RelayDevice } from '../support/relay-device.ts';
import { type LocalRelay, localRelay } from '../support/relay-in-process.ts';
import { connect } from '../support/relay-socket.ts';

const bytes = (length: number): Uint8Array<ArrayBuffer> => new Uint8Array(randomBytes(length));
const START = 1_000_000_000;

/** Takes and acknowledges what waits; answers how much that was. */
async function fetchAll(relay: LocalRelay, device: RelayDevice): Promise<number> {
  const socket = await connect(relay.origin, await login(relay.origin, device));
  let count = 0;
  for (let frame = await socket.next(); frame.type !== 'drained'; frame = await socket.next()) {
    if (frame.type !== 'deliver') continue;
    count += 1;
    socket.send({ type: 'ack', sequence: frame.sequence });
  }
  socket.send({ type: 'ping', value: 1 });
  await socket.expect('pong');
  await relay.settle();
  await socket.close();
  return count;
}

test('R6: an envelope for twelve devices, acknowledged after a restart, is known to all twelve', async () => {
  let relay = await localRelay({ members: 13 });
  try {
    const [sender, ...others] = relay.members.map(({ device }) => device);
    const frame = {
      type: 'submit' as const,
      requestId: 1,
      envelopeId: bytes(16),
      body: bytes(2_048),
      recipients: others.map((device) => addressOf(device)),
    };
    async function submit(): Promise<void> {
      const socket = await connect(relay.origin, await login(relay.origin, sender as RelayDevice));
      await socket.expect('drained');
      socket.send(frame);
      await socket.expect('accepted');
      await socket.close();
    }
    await submit();
    relay = await relay.reopen();
    for (const device of others) expect(await fetchAll(relay, device)).toBe(1);
    // The sender's answer was lost.
    await submit();
    for (const device of others) expect(await fetchAll(relay, device)).toBe(0);
  } finally {
    await relay.close();
  }
});

test('R6: ten minutes pass for each by itself, whatever else was remembered', () => {
  const recent = recentEnvelopes();
  const [id, digest] = [bytes(16), bytes(32)];
  for (let i = 0; i < 99_990; i++) recent.remember(1, bytes(16), digest, START);
  const at = START + RESUBMIT_MEMORY_MS - 1;
  recent.remember(7, id, digest, at);
  for (let i = 0; i < 20; i++) recent.remember(1, bytes(16), digest, at + 1);
  expect(recent.knows(7, id, digest, at + 2)).toBe(true);
  expect(recent.knows(7, id, digest, at + RESUBMIT_MEMORY_MS)).toBe(false);
});

test('R6: envelopes for a thousand devices take the place of many', () => {
  const recent = recentEnvelopes();
  const devices = Array.from({ length: 1_024 }, (_, index) => index);
  for (let body = 0; body < 20_000; body++) recent.placed(body, bytes(16), bytes(32), devices);
  expect([recent.isRemembered(0, START), recent.isRemembered(19_999, START)]).toEqual([false, true]);
});

test('R28: what a proxy calls an address and is none has one bucket, however long', () => {
  expect(addressKey('x'.repeat(7_000))).toBe(addressKey('unknown'));
  expect(addressKey('::ffff:203.0.113.7')).toBe('203.0.113.7');
});
