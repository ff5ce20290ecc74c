import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import SqliteDatabase from 'better-sqlite3';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { toBase64url } from '../../server/protocol/bytes.ts';
import { groupReadBytes } from '../../server/protocol/signed-requests.ts';
import { NEWEST_SCHEMA } from '../../server/store/migrations/migrate.ts';
import { answerOf, typeCommand } from '../support/command.ts';
import { granted, login, loginKeyPair, register, type RelayDevice } from '../support/relay-device.ts';
import { connect } from '../support/relay-socket.ts';
import { type RunningRelay, startRelay } from '../support/relay.ts';
import { digestOf, type DumpFacts, factsOf, loadDump } from '../support/schema-dump.ts';

const SCHEMAS = join(import.meta.dirname, 'schemas');
const EARLIER = Array.from({ length: NEWEST_SCHEMA - 1 }, (_, index) => index + 1);
const dumpOf = (schema: number): string => readFileSync(join(SCHEMAS, `${String(schema).padStart(4, '0')}.sql`), 'utf8');

let dataDir: string;
beforeEach(() => {
  dataDir = mkdtempSync(join(tmpdir(), 'sottovoce-migration-'));
});
afterEach(() => rmSync(dataDir, { recursive: true, force: true }));

const database = () => join(dataDir, 'relay.sqlite');
function schemaNow(path = database()): unknown {
  const opened = new SqliteDatabase(path, { readonly: true });
  try {
    return opened.pragma('user_version', { simple: true });
  } finally {
    opened.close();
  }
}

function deviceOf({ username, accountId, deviceId, jwk }: DumpFacts['devices'][number]): RelayDevice {
  return { username, accountId, deviceId, recordSequence: 1, signLogin: loginKeyPair(jwk).signLogin };
}

/** Everybody logs in and gets what waited, prekeys are there to be claimed, the group's log is read, the invite still opens. */
async function showThatAllIsThere(relay: RunningRelay, { devices, waiting, invite, group }: DumpFacts): Promise<void> {
  const { origin } = relay;
  for (const [index, one] of devices.entries()) {
    const socket = await connect(origin, await login(origin, deviceOf(one)));
    const got: string[] = [];
    for (let frame = await socket.next(); frame.type !== 'drained'; frame = await socket.next()) {
      if (frame.type !== 'deliver') continue;
      got.push(digestOf(frame.body));
      socket.send({ type: 'ack', sequence: frame.sequence });
    }
    expect(got, one.username).toEqual(waiting[index]);
    await socket.close();
  }
  const [anna, , bert] = devices.map(deviceOf);
  if (!anna || !bert) throw new Error('devices');
  const token = await login(origin, anna);
  const claimed = await granted(origin, 'prekeys/claim', { accountId: bert.accountId, deviceIds: [bert.deviceId] }, token);
  // Which one is chance (R19).
  expect(claimed.bundles.map(({ oneTimePrekey }) => typeof oneTimePrekey?.id)).toEqual(['number']);
  const read = { groupId: group.groupId, from: 0, time: Date.now(), nonce: toBase64url(new Uint8Array(16)) };
  const signature = toBase64url(new Uint8Array(loginKeyPair(group.jwk).signLogin(groupReadBytes({ origin, ...read }))));
  expect(await granted(origin, 'groups/read', { ...read, signature })).toEqual({ version: 2, entries: group.entries });
  const dora = await register(origin, invite, 'dora');
  expect(await granted(origin, 'account/me', {}, await login(origin, dora))).toMatchObject({ username: 'dora', role: 'member' });
}

describe('migrations', () => {
  it('R47: there is a dump of every earlier schema, and of no other', () => {
    expect(readdirSync(SCHEMAS).sort()).toEqual(EARLIER.map((schema) => `${String(schema).padStart(4, '0')}.sql`));
  });

  it.each(EARLIER)('R47: from schema %i a relay starts, and everybody finds what was theirs', async (schema) => {
    const sql = dumpOf(schema);
    loadDump(dataDir, sql);
    const relay = await startRelay({ dataDir });
    try {
      await showThatAllIsThere(relay, factsOf(sql));
    } finally {
      await relay.stop();
    }
    expect(schemaNow()).toBe(NEWEST_SCHEMA);
    expect(schemaNow(join(dataDir, `relay.sqlite.before-${NEWEST_SCHEMA}`))).toBe(schema);
    expect(statSync(join(dataDir, `relay.sqlite.before-${NEWEST_SCHEMA}`)).mode & 0o777).toBe(0o600);
    expect(await answerOf(['verify'], { dataDir })).toMatchObject({ ok: true });
  });

  it.each(EARLIER)(
    'R47: from schema %i, killed after any statement, the old schema is whole and the next start goes on',
    async (schema) => {
      const sql = dumpOf(schema);
      for (let killedAfter = 1; ; killedAfter++) {
        rmSync(dataDir, { recursive: true });
        dataDir = mkdtempSync(join(tmpdir(), 'sottovoce-migration-'));
        loadDump(dataDir, sql);
        const child = spawn(process.execPath, [
          join(import.meta.dirname, '../support/migrate-and-die.ts'),
          database(),
          String(killedAfter),
        ]);
        const [code, signal] = (await once(child, 'close')) as [number | null, string | null];
        if (code === 0) break;
        expect(signal).toBe('SIGKILL');
        const found = schemaNow() as number;
        expect(found).toBeLessThan(NEWEST_SCHEMA);
        const opened = new SqliteDatabase(database(), { readonly: true });
        expect(opened.pragma('integrity_check', { simple: true })).toBe('ok');
        expect(opened.prepare('SELECT count(*) FROM accounts').pluck().get()).toBe(3);
        if (found === 1) expect(opened.prepare("SELECT count(*) FROM sqlite_schema WHERE name = 'admin_log'").pluck().get()).toBe(0);
        opened.close();
      }
      const relay = await startRelay({ dataDir });
      await showThatAllIsThere(relay, factsOf(sql)).finally(() => relay.stop());
    },
  );

  it('R47: migrate --check tells and does nothing; migrate does it, once', async () => {
    loadDump(dataDir, dumpOf(1));
    expect(await answerOf(['migrate', '--check'], { dataDir })).toMatchObject({
      schema: 1,
      newest: NEWEST_SCHEMA,
      due: true,
      migrated: false,
    });
    expect(schemaNow()).toBe(1);
    expect(existsSync(join(dataDir, `relay.sqlite.before-${NEWEST_SCHEMA}`))).toBe(false);
    expect(await answerOf(['migrate'], { dataDir })).toMatchObject({ due: true, migrated: true });
    expect(schemaNow()).toBe(NEWEST_SCHEMA);
    expect(await answerOf(['migrate'], { dataDir })).toMatchObject({ due: false, migrated: false, copy: null });
    const text = await typeCommand(['migrate'], { dataDir });
    expect(text.said).toMatch(/There is nothing to do/);
  });

  it('R47: data of a newer relay is left as it was', async () => {
    loadDump(dataDir, dumpOf(1).replace('user_version = 1', 'user_version = 99'));
    const { code, complained } = await typeCommand(['migrate'], { dataDir });
    expect([code, complained]).toEqual([1, expect.stringMatching(/^The data folder was written by a newer Sottovoce[^\n]*\n$/)]);
    expect(schemaNow()).toBe(99);
  });
});
