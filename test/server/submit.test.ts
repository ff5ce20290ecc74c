import { randomBytes } from 'node:crypto';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { Recipient } from '../../server/protocol/frames.ts';
import { dumpDatabase } from '../support/dump-database.ts';
import { addressOf, login, type RelayDevice, registerMany } from '../support/relay-device.ts';
import { type LocalRelay, localRelay } from '../support/relay-in-process.ts';
import { connect, type RelaySocket } from '../support/relay-socket.ts';

let local: LocalRelay;
let sender: RelaySocket;
let recipients: Recipient[];

beforeEach(async () => {
  local = await localRelay({ members: 4 });
  sender = await connect(local.origin, local.members[0]?.token ?? '');
  await sender.expect('drained');
  recipients = local.members.slice(1).map(({ device }) => addressOf(device));
});
afterEach(() => local.close());

const bytes = (length: number) => new Uint8Array(randomBytes(length));

async function submit(to: Recipient[], envelopeId = bytes(16), body = bytes(2_048)) {
  sender.send({ type: 'submit', requestId: 7, envelopeId, recipients: to, body });
  const answer = await sender.next();
  if (answer.type !== 'accepted' && answer.type !== 'refused') throw new Error(answer.type);
  expect(answer.requestId).toBe(7);
  return answer;
}

function rows(table: string) {
  return dumpDatabase(local.dataDir).find(({ name }) => name === table)?.rows ?? [];
}

function connectAs(index: number) {
  return connect(local.origin, local.members[index]?.token ?? '');
}

describe('submit', () => {
  it('R4: what is accepted is on disk for every recipient, its body once', async () => {
    const body = bytes(4_096);
    expect((await submit(recipients, bytes(16), body)).type).toBe('accepted');
    expect(rows('waiting')).toHaveLength(3);
    expect(rows('bodies').map((row) => Buffer.compare(row['body'] as Uint8Array, body))).toEqual([0]);
  });

  it('R5: one recipient of another version refuses the whole submit and names the account', async () => {
    const stale = { ...(recipients[1] as Recipient), listVersion: 2 };
    const answer = await submit([recipients[0] as Recipient, stale]);
    expect(answer).toMatchObject({ type: 'refused', code: 'mismatched_devices', accounts: [stale.accountId] });
    expect(rows('waiting')).toHaveLength(0);
    expect(rows('bodies')).toHaveLength(0);
  });

  it('R5: a device that is not listed, and an account that does not exist, are mismatched alike', async () => {
    const unlisted = { ...(recipients[0] as Recipient), deviceId: 5 };
    const unknown = { accountId: Buffer.alloc(32, 9).toString('base64url'), deviceId: 1, listVersion: 1 };
    const answer = await submit([unlisted, unknown, recipients[1] as Recipient]);
    expect(answer).toMatchObject({ code: 'mismatched_devices', accounts: [unlisted.accountId, unknown.accountId] });
  });

  it('R6: the same submit again is accepted again and stored once', async () => {
    const [id, body] = [bytes(16), bytes(2_048)];
    for (let i = 0; i < 3; i++) expect((await submit(recipients, id, body)).type).toBe('accepted');
    expect(rows('waiting')).toHaveLength(3);
    expect(rows('bodies')).toHaveLength(1);
  });

  it('R6: two of the same in one turn are stored once', async () => {
    const [id, body] = [bytes(16), bytes(2_048)];
    for (const requestId of [1, 2]) sender.send({ type: 'submit', requestId, envelopeId: id, recipients, body });
    expect([(await sender.expect('accepted')).requestId, (await sender.expect('accepted')).requestId]).toEqual([1, 2]);
    expect(rows('waiting')).toHaveLength(3);
  });

  it('R6: another body under the same id is another envelope, answered alike whether the first still waits or not', async () => {
    const [id, first, other] = [bytes(16), bytes(2_048), bytes(2_048)];
    await submit(recipients.slice(0, 1), id, first);
    for (let i = 0; i < 2; i++) expect((await submit(recipients, id, other)).type).toBe('accepted');
    expect((await submit(recipients, id, first)).type).toBe('accepted');
    const reader = await connectAs(1);
    const delivered = [await reader.expect('deliver'), await reader.expect('deliver')];
    expect(delivered.map(({ body }) => Buffer.from(body))).toEqual([first, other].map((body) => Buffer.from(body)));
    expect(rows('waiting')).toHaveLength(6);
    for (const { sequence } of delivered) reader.send({ type: 'ack', sequence });
    reader.send({ type: 'ping', value: 1 });
    for (let frame = await reader.next(); frame.type !== 'pong'; ) frame = await reader.next();
    await local.settle();
    for (const body of [first, other]) expect((await submit(recipients, id, body)).type).toBe('accepted');
    expect(rows('waiting')).toHaveLength(4);
    expect((await submit(recipients.slice(0, 1), id)).type).toBe('accepted');
    expect(rows('waiting')).toHaveLength(5);
    await reader.close();
  });

  it('R6: a repeat fills in the recipients that lack it, and nobody else', async () => {
    const [id, body] = [bytes(16), bytes(2_048)];
    await submit(recipients.slice(0, 1), id, body);
    expect((await submit(recipients, id, body)).type).toBe('accepted');
    expect(rows('waiting')).toHaveLength(3);
    expect((await submit(recipients, id, body)).type).toBe('accepted');
    expect(rows('waiting')).toHaveLength(3);
  });

  it('R6: a repeat is known for ten minutes after the device has it, and no longer', async () => {
    const [id, body] = [bytes(16), bytes(2_048)];
    const reader = await connectAs(1);
    await reader.expect('drained');
    await submit(recipients.slice(0, 1), id, body);
    reader.send({ type: 'ack', sequence: (await reader.expect('deliver')).sequence });
    reader.send({ type: 'ping', value: 1 });
    await reader.expect('pong');
    await local.settle();
    expect(rows('waiting')).toHaveLength(0);
    expect((await submit(recipients.slice(0, 1), id, body)).type).toBe('accepted');
    expect(rows('waiting')).toHaveLength(0);
    await Promise.all([sender.close(), reader.close()]);
    local.clock.advance(10 * 60_000);
    sender = await connect(local.origin, await login(local.origin, local.members[0]?.device as RelayDevice));
    await sender.expect('drained');
    expect((await submit(recipients.slice(0, 1), id, body)).type).toBe('accepted');
    expect(rows('waiting').map((row) => row['sequence'])).toEqual([2]);
  });

  it('R4: one submit with the largest body reaches many devices', async () => {
    const many = await localRelay();
    try {
      const members = await registerMany(many.origin, many.firstInvite, 130);
      const socket = await connect(many.origin, members[0]?.token ?? '');
      await socket.expect('drained');
      const to = members.slice(1).map(({ device }) => addressOf(device));
      socket.send({ type: 'submit', requestId: 1, envelopeId: bytes(16), recipients: to, body: bytes(65_536) });
      await socket.expect('accepted');
      const dump = dumpDatabase(many.dataDir);
      expect(dump.find(({ name }) => name === 'waiting')?.rows).toHaveLength(129);
      expect(dump.find(({ name }) => name === 'bodies')?.rows).toHaveLength(1);
    } finally {
      await many.close();
    }
  });
});

describe('a full mailbox', () => {
  it('R7: refuses by count and by bytes, names the account, stores for nobody, and takes again after an acknowledgement', async () => {
    const small = await localRelay({ members: 3, config: { mailboxEnvelopes: 3, mailboxMib: (3 * 4_096) / 1_048_576 } });
    try {
      const [from, full, other] = small.members;
      if (!from || !full || !other) throw new Error('three members');
      sender = await connect(small.origin, from.token);
      await sender.expect('drained');
      const [toFull, toOther] = [addressOf(full.device), addressOf(other.device)];
      for (let i = 0; i < 3; i++) expect((await submit([toFull])).type).toBe('accepted');
      expect(await submit([toOther, toFull])).toMatchObject({ code: 'mailbox_full', accounts: [toFull.accountId] });
      for (const length of [8_192, 4_096]) expect((await submit([toOther], bytes(16), bytes(length))).type).toBe('accepted');
      expect(await submit([toOther])).toMatchObject({ code: 'mailbox_full', accounts: [toOther.accountId] });
      const reader = await connect(small.origin, full.token);
      reader.send({ type: 'ack', sequence: (await reader.expect('deliver')).sequence });
      reader.send({ type: 'ping', value: 1 });
      for (let frame = await reader.next(); frame.type !== 'pong'; ) frame = await reader.next();
      await small.settle();
      expect((await submit([toFull])).type).toBe('accepted');
    } finally {
      await small.close();
    }
  });
});
