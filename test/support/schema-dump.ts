/**
 * A relay's database of one schema as text, with something of everything in it, and the keys of the devices it was made with: what a later
 * version must still open. `node test/support/schema-dump.ts > test/server/schemas/N.sql` makes one of the schema as it is now, from a
 * real relay; do it before a migration that follows it is released.
 */
import type { JsonWebKey } from 'node:crypto';
import { generateKeyPairSync, randomBytes } from 'node:crypto';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import SqliteDatabase from 'better-sqlite3';
import { toBase64url } from '../../server/protocol/bytes.ts';
import { groupAppendBytes, groupCreateBytes } from '../../server/protocol/signed-requests.ts';
import {
  addressOf,
  granted,
  listEntryBytes,
  login,
  loginKeyPair,
  newRegistration,
  type RelayDevice,
  recordBytes,
  sha256,
} from './relay-device.ts';
import { connect } from './relay-socket.ts';
import { startRelay } from './relay.ts';

export type DumpedDevice = { username: string; accountId: string; deviceId: number; jwk: JsonWebKey };
export type DumpFacts = {
  devices: DumpedDevice[];
  /** SHA-256 of what waits for each device, in the order of `devices` and of their mailboxes. */
  waiting: string[][];
  invite: string;
  group: { groupId: string; jwk: JsonWebKey; entries: string[] };
};

const FACTS = '-- facts: ';

// What runs out is moved there, so that a dump does not age: the year 2100.
const FAR_HOUR = Math.floor(Date.UTC(2100, 0) / 3_600_000);

type Value = string | number | Uint8Array | null;

function literal(value: Value): string {
  if (value === null) return 'NULL';
  if (typeof value === 'number') return String(value);
  return value instanceof Uint8Array ? `X'${Buffer.from(value).toString('hex')}'` : `'${value.replaceAll("'", "''")}'`;
}

function dumpSql(database: SqliteDatabase.Database): string {
  type Item = { type: string; name: string; sql: string };
  const items = database.prepare<[], Item>('SELECT type, name, sql FROM sqlite_schema WHERE sql IS NOT NULL ORDER BY rowid').all();
  // The highest row numbers ever given come last, as the rows above them leave their own traces there.
  const tables = items.filter(({ type, name }) => type === 'table' && name !== 'sqlite_sequence').map(({ name }) => name);
  const lines = items.filter(({ name }) => !name.startsWith('sqlite_')).map(({ sql }) => `${sql};`);
  for (const name of [...tables, 'sqlite_sequence']) {
    if (name === 'sqlite_sequence') lines.push('DELETE FROM sqlite_sequence;');
    for (const row of database.prepare<[], Record<string, Value>>(`SELECT * FROM ${name}`).all()) {
      const columns = Object.keys(row);
      lines.push(
        `INSERT INTO ${name} (${columns.join(', ')}) VALUES (${columns.map((column) => literal(row[column] ?? null)).join(', ')});`,
      );
    }
  }
  return [...lines, `PRAGMA user_version = ${database.pragma('user_version', { simple: true }) as number};`, ''].join('\n');
}

export function factsOf(sql: string): DumpFacts {
  const line = sql.split('\n').find((one) => one.startsWith(FACTS)) ?? '';
  return JSON.parse(line.slice(FACTS.length)) as DumpFacts;
}

/** Writes the database that the dump tells of, and a key beside it. */
export function loadDump(dataDir: string, sql: string): void {
  const { privateKey } = generateKeyPairSync('ed25519');
  writeFileSync(join(dataDir, 'relay.key'), privateKey.export({ type: 'pkcs8', format: 'pem' }), { mode: 0o600 });
  const database = new SqliteDatabase(join(dataDir, 'relay.sqlite'));
  database.pragma('foreign_keys = OFF');
  database.exec(sql);
  database.close();
}

export const digestOf = (body: Uint8Array): string => toBase64url(sha256(body) as Uint8Array<ArrayBuffer>);
const noise = (length: number) => new Uint8Array(randomBytes(length));

async function makeGroup(origin: string): Promise<DumpFacts['group']> {
  const { publicKey, jwk, signLogin } = loginKeyPair();
  const [groupId, accessKey] = [toBase64url(noise(32)), toBase64url(publicKey)];
  const entries = [noise(300), noise(400)];
  const [first, second] = entries as [Uint8Array<ArrayBuffer>, Uint8Array<ArrayBuffer>];
  const created = groupCreateBytes({ origin, groupId, accessKey, entryDigest: sha256(first) });
  await granted(origin, 'groups/create', {
    groupId,
    accessKey,
    entry: toBase64url(first),
    signature: toBase64url(signLogin(created) as Uint8Array<ArrayBuffer>),
  });
  const appended = groupAppendBytes({ origin, groupId, version: 1, entryDigest: sha256(second) });
  await granted(origin, 'groups/append', {
    groupId,
    version: 1,
    entry: toBase64url(second),
    signature: toBase64url(signLogin(appended) as Uint8Array<ArrayBuffer>),
  });
  return { groupId, jwk, entries: entries.map(toBase64url) };
}

/** Three people, one with two devices; some of what was sent is fetched, the rest waits. */
async function fill(origin: string, firstInvite: string): Promise<DumpFacts> {
  async function join(invite: string, username: string): Promise<RelayDevice & { jwk: JsonWebKey }> {
    const { body, device, jwk } = newRegistration(origin, invite, username);
    await granted(origin, 'registration/create', body);
    return { ...device, jwk };
  }
  const anna = await join(firstInvite, 'anna');
  const annaToken = await login(origin, anna);
  const { invite } = await granted(origin, 'invites/create', { uses: 3 }, annaToken);
  const [bert, cleo] = [await join(invite, 'bert'), await join(invite, 'cleo')];
  const second = { ...anna, deviceId: anna.deviceId === 4_711 ? 4_712 : 4_711, ...loginKeyPair() };
  const list = listEntryBytes(anna.accountId, 2, [anna.deviceId, second.deviceId]);
  await granted(origin, 'devices/list', { entry: toBase64url(list) }, annaToken);
  const record = recordBytes({ accountId: anna.accountId, deviceId: second.deviceId, loginKey: second.publicKey, sequence: 1 });
  await granted(origin, 'devices/publish', { deviceRecord: toBase64url(record) }, annaToken);

  const sender = await connect(origin, await login(origin, cleo));
  await sender.expect('drained');
  const submit = async (recipients: ReturnType<typeof addressOf>[]): Promise<string> => {
    const body = noise(2_048);
    sender.send({ type: 'submit', requestId: 1, envelopeId: noise(16), recipients, body });
    await sender.expect('accepted');
    return digestOf(body);
  };
  const fetched = [await submit([addressOf(bert)]), await submit([addressOf(bert)])];
  const reader = await connect(origin, await login(origin, bert));
  for (const _ of fetched) reader.send({ type: 'ack', sequence: (await reader.expect('deliver')).sequence });
  const shared = await submit([addressOf(bert), addressOf(anna, 2), addressOf(second, 2)]);
  const alone = await submit([addressOf(bert)]);
  await reader.close();
  await sender.close();
  const devices = [anna, second, bert, cleo].map(({ username, accountId, deviceId, jwk }) => ({ username, accountId, deviceId, jwk }));
  return { devices, waiting: [[shared], [shared], [shared, alone], []], invite, group: await makeGroup(origin) };
}

if (import.meta.main) {
  const relay = await startRelay();
  const facts = await fill(relay.origin, relay.firstInvite ?? '');
  await relay.kill('SIGTERM');
  const database = new SqliteDatabase(join(relay.dataDir, 'relay.sqlite'));
  for (const table of ['bodies', 'invites']) database.prepare(`UPDATE ${table} SET expires_hour = ?`).run(FAR_HOUR);
  process.stdout.write(`${FACTS}${JSON.stringify(facts)}\n${dumpSql(database)}`);
  database.close();
  await relay.stop();
}
