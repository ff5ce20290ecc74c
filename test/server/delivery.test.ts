import { randomBytes } from 'node:crypto';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { RelayFrame } from '../../server/protocol/frames.ts';
import { dumpDatabase } from '../support/dump-database.ts';
import { addressOf, login, type RelayDevice } from '../support/relay-device.ts';
import { type LocalRelay, localRelay } from '../support/relay-in-process.ts';
import { connect, type RelaySocket } from '../support/relay-socket.ts';

let local: LocalRelay;
let alice: RelaySocket;
let bobToken: string;
let bobDevice: RelayDevice;

beforeEach(async () => {
  local = await localRelay({ members: 3 });
  const [a, b] = local.members;
  if (!a || !b) throw new Error('members');
  [bobToken, bobDevice] = [b.token, b.device];
  alice = await connect(local.origin, a.token);
  await alice.expect('drained');
});
afterEach(() => local.close());

/** Submits bodies whose first bytes count up, waits until all are accepted, answers the first bytes. */
async function fill(count: number, length = 2_048, from = 0, to = bobDevice): Promise<number[]> {
  const marks = Array.from({ length: count }, (_, index) => from + index);
  for (const mark of marks) {
    const body = new Uint8Array(length);
    new DataView(body.buffer).setUint32(0, mark);
    alice.send({ type: 'submit', requestId: mark, envelopeId: new Uint8Array(randomBytes(16)), recipients: [addressOf(to)], body });
  }
  for (const _ of marks) await alice.expect('accepted');
  return marks;
}

function markOf(frame: RelayFrame): number {
  if (frame.type !== 'deliver') throw new Error(`not a delivery but ${frame.type}`);
  return new DataView(frame.body.buffer, frame.body.byteOffset).getUint32(0);
}

// An acknowledgement may lead to a page being read, and its end to another.
const ROUNDS = 3;

/**
 * Waits until the relay has dealt with what this socket sent before, and its store with what that led to; answers what arrived meanwhile.
 * The store does one thing after the other, so that an answer of its own comes after all that was asked before.
 */
async function barrier(socket: RelaySocket, value: number): Promise<RelayFrame[]> {
  const frames: RelayFrame[] = [];
  for (let round = 0; round <= ROUNDS; round++) {
    socket.send({ type: 'ping', value });
    for (let frame = await socket.next(); frame.type !== 'pong'; frame = await socket.next()) frames.push(frame);
    await local.relay.store.resolve([]);
  }
  return frames;
}

describe('delivery', () => {
  it('R8, R11: what waited comes in order with rising sequences, then drained, then what is new', async () => {
    const marks = await fill(20);
    const bob = await connect(local.origin, bobToken);
    expect(bob.welcome).toMatchObject({ acknowledged: 0, waiting: 20, protocol: 1 });
    const frames = await barrier(bob, 1);
    expect(frames.slice(0, 20).map(markOf)).toEqual(marks);
    expect(frames.slice(0, 20).map((frame) => (frame.type === 'deliver' ? frame.sequence : 0))).toEqual(marks.map((mark) => mark + 1));
    expect(frames.at(20)).toEqual({ type: 'drained', sequence: 20 });
    await fill(1, 2_048, 20);
    expect(markOf(await bob.next())).toBe(20);
  });

  it('R9: never more than 64 envelopes ahead of the acknowledgements; each acknowledgement moves the window', async () => {
    await fill(100);
    const bob = await connect(local.origin, bobToken);
    expect(await barrier(bob, 1)).toHaveLength(64);
    bob.send({ type: 'ack', sequence: 10 });
    expect((await barrier(bob, 2)).map(markOf)).toEqual(Array.from({ length: 10 }, (_, index) => 64 + index));
    bob.send({ type: 'ack', sequence: 74 });
    const last = await barrier(bob, 3);
    expect(last.slice(0, -1).map(markOf)).toEqual(Array.from({ length: 26 }, (_, index) => 74 + index));
    expect(last.at(-1)).toEqual({ type: 'drained', sequence: 100 });
  });

  it('R9: never more than 1 MiB ahead', async () => {
    await fill(20, 65_536);
    const bob = await connect(local.origin, bobToken);
    expect(await barrier(bob, 1)).toHaveLength(16);
    bob.send({ type: 'ack', sequence: 1 });
    expect(await barrier(bob, 2)).toHaveLength(1);
  });

  it('R9: a reader that never acknowledges costs others nothing, and misses nothing when it goes on', async () => {
    const carolDevice = local.members[2]?.device as RelayDevice;
    const bob = await connect(local.origin, bobToken);
    const carol = await connect(local.origin, local.members[2]?.token ?? '');
    await carol.expect('drained');
    await fill(200);
    await fill(60, 2_048, 1_000, carolDevice);
    expect((await barrier(carol, 1)).map(markOf)).toEqual(Array.from({ length: 60 }, (_, index) => 1_000 + index));
    const got: number[] = [];
    while (got.length < 200) {
      const frame = await bob.next();
      if (frame.type !== 'deliver') continue;
      got.push(markOf(frame));
      if (got.length % 32 === 0) bob.send({ type: 'ack', sequence: frame.sequence });
    }
    expect(got).toEqual(Array.from({ length: 200 }, (_, index) => index));
  });

  it('R8: an envelope accepted while older ones are being read from disk comes after them', async () => {
    await fill(3);
    const { store } = local.relay;
    const read = store.waiting;
    let letGo: () => void = () => undefined;
    const held = new Promise<void>((resolve) => {
      letGo = resolve;
    });
    store.waiting = async (...range) => {
      const page = await read(...range);
      await held;
      return page;
    };
    const bob = await connect(local.origin, bobToken);
    await fill(1, 2_048, 3);
    letGo();
    expect((await barrier(bob, 1)).slice(0, 4).map(markOf)).toEqual([0, 1, 2, 3]);
    store.waiting = read;
  });

  it('R8: what was not acknowledged comes again on the next socket, what was does not', async () => {
    await fill(10);
    const first = await connect(local.origin, bobToken);
    first.send({ type: 'ack', sequence: 0 });
    await barrier(first, 1);
    first.send({ type: 'ack', sequence: 4 });
    await barrier(first, 2);
    await first.close();
    const second = await connect(local.origin, bobToken);
    expect(second.welcome).toMatchObject({ acknowledged: 4, waiting: 6 });
    expect((await barrier(second, 1)).slice(0, -1).map(markOf)).toEqual([4, 5, 6, 7, 8, 9]);
  });

  it('R8: a sequence is never used again, not after deletion and not after a restart', async () => {
    await fill(3);
    const first = await connect(local.origin, bobToken);
    await barrier(first, 1);
    first.send({ type: 'ack', sequence: 3 });
    await barrier(first, 2);
    await local.settle();
    local = await local.reopen();
    alice = await connect(local.origin, await login(local.origin, local.members[0]?.device as RelayDevice));
    await alice.expect('drained');
    await fill(1, 2_048, 50);
    const bob = await connect(local.origin, await login(local.origin, bobDevice));
    expect(bob.welcome.acknowledged).toBe(3);
    expect((await bob.expect('deliver')).sequence).toBe(4);
  });

  it('R10: an acknowledgement deletes the envelope, and the body goes with its last recipient', async () => {
    const both = local.members.slice(1).map(({ device }) => addressOf(device));
    alice.send({ type: 'submit', requestId: 1, envelopeId: new Uint8Array(16), recipients: both, body: new Uint8Array(2_048) });
    await alice.expect('accepted');
    const held = () => ['waiting', 'bodies'].map((table) => dumpDatabase(local.dataDir).find(({ name }) => name === table)?.rows.length);
    expect(held()).toEqual([2, 1]);
    for (const [index, left] of [
      [1, [1, 1]],
      [2, [0, 0]],
    ] as const) {
      const reader = await connect(local.origin, local.members[index]?.token ?? '');
      reader.send({ type: 'ack', sequence: (await reader.expect('deliver')).sequence });
      await barrier(reader, 1);
      await local.settle();
      expect(held()).toEqual(left);
    }
  });

  it('R10: acknowledging what was never delivered ends the socket and deletes nothing', async () => {
    await fill(70);
    const bob = await connect(local.origin, bobToken);
    await barrier(bob, 1);
    bob.send({ type: 'ack', sequence: 65 });
    expect(await bob.closed).toBe(4400);
    expect((await connect(local.origin, bobToken)).welcome).toMatchObject({ acknowledged: 0, waiting: 70 });
  });

  it('R8: the time of storing is a whole hour, on the wire as on the disk', async () => {
    await fill(1);
    const bob = await connect(local.origin, bobToken);
    const { storedAt } = await bob.expect('deliver');
    expect(storedAt % 3_600_000).toBe(0);
    expect(local.clock.now() - storedAt).toBeLessThan(3_600_000);
  });
});

describe('signals', () => {
  it('R12: reach devices that are connected and are never stored; others never get them', async () => {
    const bob = await connect(local.origin, bobToken);
    await bob.expect('drained');
    const body = new Uint8Array(randomBytes(2_048));
    alice.send({ type: 'signal', recipients: local.members.slice(1).map(({ device }) => addressOf(device)), body });
    expect(Buffer.compare((await bob.expect('signal')).body, body)).toBe(0);
    const tables = dumpDatabase(local.dataDir);
    expect(tables.find(({ name }) => name === 'bodies')?.rows).toHaveLength(0);
    const carol = await connect(local.origin, local.members[2]?.token ?? '');
    expect(await barrier(carol, 1)).toEqual([{ type: 'drained', sequence: 0 }]);
  });

  it('R12: are dropped without a word for a list version that is over', async () => {
    const bob = await connect(local.origin, bobToken);
    await bob.expect('drained');
    alice.send({ type: 'signal', recipients: [addressOf(bobDevice, 2)], body: new Uint8Array(2_048) });
    expect(await barrier(alice, 1)).toEqual([]);
    expect(await barrier(bob, 1)).toEqual([]);
  });
});

describe('expiry', () => {
  it('R13: an envelope is kept thirty days and then dropped, in whole hours; younger ones stay', async () => {
    await fill(2);
    expect(await local.relay.store.expire(local.clock.now() + 30 * 24 * 3_600_000)).toBe(0);
    local.clock.advance(2 * 3_600_000);
    alice = await connect(local.origin, await login(local.origin, local.members[0]?.device as RelayDevice));
    await alice.expect('drained');
    await fill(1, 2_048, 5);
    expect(await local.relay.store.expire(local.clock.now() + 30 * 24 * 3_600_000)).toBe(2);
    const bob = await connect(local.origin, await login(local.origin, bobDevice));
    expect(bob.welcome.waiting).toBe(1);
    expect((await barrier(bob, 1)).slice(0, 1).map(markOf)).toEqual([5]);
  });
});
