import { randomBytes } from 'node:crypto';
import { statSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { dumpDatabase } from '../support/dump-database.ts';
import { addressOf, granted } from '../support/relay-device.ts';
import { type LocalRelay, localRelay } from '../support/relay-in-process.ts';
import { connect, type RelaySocket } from '../support/relay-socket.ts';

let local: LocalRelay;
let alice: RelaySocket;

beforeEach(async () => {
  local = await localRelay({ members: 2 });
  alice = await connect(local.origin, local.members[0]?.token ?? '');
  await alice.expect('drained');
});
afterEach(() => local.close());

async function submitToBob(): Promise<void> {
  const recipients = local.members.slice(1).map(({ device }) => addressOf(device));
  alice.send({ type: 'submit', requestId: 1, envelopeId: new Uint8Array(randomBytes(16)), recipients, body: new Uint8Array(2_048) });
  await alice.expect('accepted');
}

/** Lets the relay work on until the condition holds; a request is a turn of its event loop. */
async function until(condition: () => boolean): Promise<void> {
  for (let turn = 0; turn < 1_000 && !condition(); turn++) await fetch(`${local.origin}/healthz`);
  expect(condition()).toBe(true);
}

const bodies = () => dumpDatabase(local.dataDir).find(({ name }) => name === 'bodies')?.rows.length;
const journalBytes = () => statSync(join(local.dataDir, 'relay.sqlite-wal')).size;

describe('upkeep', () => {
  it('R13: every hour what has run out is dropped', async () => {
    await submitToBob();
    local.clock.advance(30 * 24 * 3_600_000);
    await until(() => local.clock.pending() >= 3);
    expect(bodies()).toBe(1);
    for (let hour = 0; hour < 3; hour++) {
      local.clock.advance(3_600_000);
      await until(() => local.clock.pending() >= 3);
    }
    expect(bodies()).toBe(0);
  });

  it('R27: every minute the journal is emptied', async () => {
    await submitToBob();
    expect(journalBytes()).toBeGreaterThan(0);
    local.clock.advance(60_000);
    await until(() => journalBytes() === 0);
  });
});

describe('peers', () => {
  it('R3: one that vanished without a word is found within a minute; one that answers stays', async () => {
    const bob = await connect(local.origin, local.members[1]?.token ?? '');
    await bob.expect('drained');
    alice.raw.pause();
    for (let half = 0; half < 3; half++) {
      local.clock.advance(30_000);
      bob.send({ type: 'ping', value: half });
      await bob.expect('pong');
    }
    alice.raw.resume();
    expect(await alice.closed).toBe(1006);
    bob.send({ type: 'ping', value: 9 });
    expect(await bob.expect('pong')).toEqual({ type: 'pong', value: 9 });
  });

  it('R9: one that sends and never reads is cut off, and the relay goes on', async () => {
    const nobody = Array.from({ length: 1_024 }, (_, index) => {
      const accountId = Buffer.alloc(32);
      accountId.writeUInt32BE(index);
      return { accountId: accountId.toString('base64url'), deviceId: 1, listVersion: 1 };
    });
    alice.raw.pause();
    for (let requestId = 0; requestId < 500; requestId++) {
      alice.send({ type: 'submit', requestId, envelopeId: new Uint8Array(16), recipients: nobody, body: new Uint8Array(2_048) });
    }
    // The relay reads on only as its store gets through; an answer of the store is a turn of it.
    while (alice.raw.bufferedAmount > 0 && alice.raw.readyState === alice.raw.OPEN) await local.relay.store.resolve([]);
    alice.raw.resume();
    expect(await alice.closed).toBe(1006);
    expect(await granted(local.origin, 'account/me', {}, local.members[0]?.token)).toMatchObject({ username: 'admin_0' });
  });
});
