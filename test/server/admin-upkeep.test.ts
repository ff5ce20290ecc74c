import { randomBytes } from 'node:crypto';
import { existsSync, utimesSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import SqliteDatabase from 'better-sqlite3';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { addressOf, login } from '../support/relay-device.ts';
import { type LocalRelay, localRelay } from '../support/relay-in-process.ts';
import { connect } from '../support/relay-socket.ts';

const HOUR_MS = 3_600_000;

let local: LocalRelay;
beforeEach(async () => {
  local = await localRelay({ members: 2 });
});
afterEach(() => local.close());

const actor = () => ({ now: local.clock.now(), by: 'command line' });

/** Lets the upkeep of the hour run to its end; a request is a turn of the relay's event loop. */
async function nextHour(): Promise<void> {
  local.clock.advance(HOUR_MS);
  for (let turn = 0; turn < 1_000 && local.clock.pending() < 3; turn++) await fetch(`${local.origin}/healthz`);
}

async function submit(): Promise<number> {
  const [sender, device] = local.members.map((member) => member.device);
  if (!sender || !device) throw new Error('members');
  const socket = await connect(local.origin, await login(local.origin, sender));
  await socket.expect('drained');
  const envelopeId = new Uint8Array(randomBytes(16));
  socket.send({ type: 'submit', requestId: 1, envelopeId, recipients: [addressOf(device)], body: new Uint8Array(2_048) });
  await socket.expect('accepted');
  await socket.close();
  return (await local.relay.store.fill()).envelopes;
}

describe('upkeep of acts', () => {
  it('R44: what came for a revoked device is erased every hour, body and all, and its sequence never returns', async () => {
    const { accountId, deviceId } = local.members[1]?.device ?? { accountId: '', deviceId: 0 };
    expect(await submit()).toBe(1);
    await local.relay.store.revokeDevice(accountId, deviceId, actor());
    expect(await local.relay.store.fill()).toMatchObject({ envelopes: 0, bodies: 0 });
    expect(await submit()).toBe(1);
    await nextHour();
    expect(await local.relay.store.fill()).toMatchObject({ envelopes: 0, bodies: 0, oldestAt: null });
    await submit();
    const database = new SqliteDatabase(join(local.dataDir, 'relay.sqlite'), { readonly: true });
    expect(database.prepare('SELECT sequence FROM waiting').pluck().all()).toEqual([3]);
    database.close();
  });

  it('R46: rows go after a year, and beyond ten thousand the oldest', async () => {
    await local.relay.store.note('old', actor());
    local.clock.advance(365 * 24 * HOUR_MS);
    await nextHour();
    await nextHour();
    expect(await local.relay.store.adminLog()).toEqual([]);
    const database = new SqliteDatabase(join(local.dataDir, 'relay.sqlite'));
    const hour = Math.floor(local.clock.now() / HOUR_MS);
    const many = `WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 10000)
      INSERT INTO admin_log (hour, act, target, by) SELECT ${hour}, 'act ' || i, NULL, 'test' FROM n`;
    database.exec(many);
    database.close();
    await local.relay.store.note('newest', actor());
    const log = await local.relay.store.adminLog();
    expect(log).toHaveLength(10_000);
    expect([log[0]?.act, log.at(-1)?.act]).toEqual(['act 2', 'newest']);
  });

  it('R47: the copy from before a migration goes after seven days, and nothing else', async () => {
    const now = local.clock.now() / 1_000;
    const copy = (name: string, days: number): string => {
      const path = join(local.dataDir, name);
      writeFileSync(path, 'copy');
      utimesSync(path, now - days * 24 * 3_600, now - days * 24 * 3_600);
      return path;
    };
    const [old, young, other] = [copy('relay.sqlite.before-2', 8), copy('relay.sqlite.before-3', 6), copy('relay.sqlite.mine', 100)];
    await nextHour();
    expect([old, young, other].map((path) => existsSync(path))).toEqual([false, true, true]);
  });
});
