import { randomBytes } from 'node:crypto';
import { readdirSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import SqliteDatabase from 'better-sqlite3';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { fromBase64url } from '../../server/protocol/bytes.ts';
import { beyondAdmitted, dumpDatabase, placesOf } from '../support/dump-database.ts';
import { addressOf } from '../support/relay-device.ts';
import { type LocalRelay, localRelay } from '../support/relay-in-process.ts';
import { connect } from '../support/relay-socket.ts';

let local: LocalRelay;
beforeEach(async () => {
  local = await localRelay({ members: 3 });
});
afterEach(() => local.close());

async function exchange(body: Uint8Array): Promise<void> {
  const [alice, ...others] = local.members;
  const sender = await connect(local.origin, alice?.token ?? '');
  await sender.expect('drained');
  const recipients = others.map(({ device }) => addressOf(device));
  sender.send({ type: 'submit', requestId: 1, envelopeId: new Uint8Array(randomBytes(16)), recipients, body });
  await sender.expect('accepted');
}

async function acknowledgeAll(): Promise<void> {
  for (const { token } of local.members.slice(1)) {
    const reader = await connect(local.origin, token);
    reader.send({ type: 'ack', sequence: (await reader.expect('deliver')).sequence });
    reader.send({ type: 'ping', value: 1 });
    for (let frame = await reader.next(); frame.type !== 'pong'; ) frame = await reader.next();
  }
  await local.settle();
}

describe('what a stolen disk shows', () => {
  it('R27: every table and column is one that D7 admits; a planted one is found', () => {
    expect(beyondAdmitted(dumpDatabase(local.dataDir))).toEqual([]);
    const thief = new SqliteDatabase(join(local.dataDir, 'relay.sqlite'));
    thief.exec('ALTER TABLE bodies ADD COLUMN sender INTEGER');
    thief.exec('CREATE TABLE history (who TEXT, said TEXT)');
    thief.close();
    expect(beyondAdmitted(dumpDatabase(local.dataDir))).toEqual(['bodies.sender', 'history.who', 'history.said']);
  });

  it("R27: nothing in an envelope's rows leads to who submitted it", async () => {
    const before = new Map(dumpDatabase(local.dataDir).map((table) => [table.name, table]));
    await exchange(new Uint8Array(randomBytes(2_048)));
    const after = dumpDatabase(local.dataDir);
    const changed = after
      .filter(({ name, rows }) => JSON.stringify(rows) !== JSON.stringify(before.get(name)?.rows))
      .map(({ name }) => name);
    expect(changed).toEqual(['bodies', 'waiting']);
    const sender = local.members[0]?.device.accountId ?? '';
    expect(placesOf(after, fromBase64url(sender))).toEqual(['accounts.account_id', 'device_lists.entry', 'devices.record']);
    const senderRow = after
      .find(({ name }) => name === 'devices')
      ?.rows.find((row) => row['device_id'] === local.members[0]?.device.deviceId);
    for (const table of ['mailboxes', 'waiting']) {
      const moved = after.find(({ name }) => name === table)?.rows.filter((row) => row['device'] === senderRow?.['row']);
      expect(moved, table).toEqual(table === 'waiting' ? [] : [{ device: senderRow?.['row'], last_sequence: 0, acknowledged: 0 }]);
    }
  });

  it('R27: an acknowledged envelope is gone from every byte of the folder once the journal was emptied', async () => {
    const body = new Uint8Array(randomBytes(4_096));
    await exchange(body);
    const holders = () =>
      readdirSync(local.dataDir)
        .filter((name) => !name.endsWith('-shm'))
        .filter((name) => readFileSync(join(local.dataDir, name)).includes(Buffer.from(body.subarray(100, 164))));
    expect(holders().length).toBeGreaterThan(0);
    await acknowledgeAll();
    await local.relay.store.tidy();
    expect(holders()).toEqual([]);
  });

  it("R27: invites are digests, tokens and their key are nowhere, the certificates' key is in its own file for the owner alone", async () => {
    const { token } = local.members[0] ?? { token: '' };
    const files = readdirSync(local.dataDir);
    for (const name of files) {
      const bytes = readFileSync(join(local.dataDir, name));
      expect(bytes.includes(local.firstInvite), name).toBe(false);
      expect(bytes.includes(Buffer.from(local.firstInvite, 'base64url')), name).toBe(false);
      expect(bytes.includes(token), name).toBe(false);
    }
    expect(statSync(join(local.dataDir, 'relay.key')).mode & 0o777).toBe(0o600);
    expect(statSync(join(local.dataDir, 'relay.sqlite')).mode & 0o777).toBe(0o600);
    const key = readFileSync(join(local.dataDir, 'relay.key'), 'utf8').split('\n')[1] ?? '';
    expect(readFileSync(join(local.dataDir, 'relay.sqlite')).includes(Buffer.from(key, 'base64').subarray(16))).toBe(false);
  });

  it('R27: times are whole hours', async () => {
    await exchange(new Uint8Array(2_048));
    const hours = dumpDatabase(local.dataDir).flatMap(({ rows }) => rows.map((row) => row['expires_hour'] ?? null));
    const now = local.clock.now();
    const numbers = dumpDatabase(local.dataDir).flatMap(({ rows }) =>
      rows.flatMap((row) => Object.values(row)).filter((value) => typeof value === 'number'),
    );
    expect(hours.some((hour) => typeof hour === 'number')).toBe(true);
    const seconds = numbers.filter((value) => Math.abs(value - now) < 1e9 || Math.abs(value - now / 1_000) < 1e6);
    // Ids of devices are chance and may fall anywhere below 2^31.
    const ids = local.members.map(({ device }) => device.deviceId);
    expect(seconds.filter((value) => !ids.includes(value))).toEqual([]);
  });
});
