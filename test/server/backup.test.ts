import { spawn } from 'node:child_process';
import { once } from 'node:events';
import {
  copyFileSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  symlinkSync,
  utimesSync,
  watch,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import SqliteDatabase from 'better-sqlite3';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { toBase64url } from '../../server/protocol/bytes.ts';
import { answerOf, typeCommand } from '../support/command.ts';
import { startLoad } from '../support/load.ts';
import {
  addressOf,
  granted,
  listEntryBytes,
  login,
  loginKeyPair,
  post,
  type RelayDevice,
  recordBytes,
  registerMany,
} from '../support/relay-device.ts';
import { localRelay } from '../support/relay-in-process.ts';
import { connect } from '../support/relay-socket.ts';
import { type RunningRelay, startRelay } from '../support/relay.ts';

const PROJECT = join(import.meta.dirname, '..', '..');

let folder: string;
let relay: RunningRelay;
let members: { device: RelayDevice; token: string }[];
beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), 'sottovoce-backup-'));
  relay = await startRelay({
    env: { SOTTOVOCE_RATE_FACTOR: '100000', SOTTOVOCE_MAILBOX_ENVELOPES: '1000000', SOTTOVOCE_MAILBOX_MIB: '4096' },
  });
  members = await registerMany(relay.origin, relay.firstInvite ?? '', 4);
});
afterEach(async () => {
  await relay.stop();
  rmSync(folder, { recursive: true, force: true });
});

const typed = () => ({ dataDir: relay.dataDir, port: relay.port });
const backups = () => join(folder, 'backups');
const member = (index: number) => members[index] as { device: RelayDevice; token: string };
async function backup(...more: string[]): Promise<string> {
  return String((await answerOf(['backup', backups(), ...more], typed()))['folder']);
}

/** Everything that waits, acknowledged or not as wished. */
async function fetchAll(origin: string, device: RelayDevice, acknowledge = true): Promise<{ id: string; sequence: number }[]> {
  const socket = await connect(origin, await login(origin, device));
  const got: { id: string; sequence: number }[] = [];
  for (let frame = await socket.next(); frame.type !== 'drained'; frame = await socket.next()) {
    if (frame.type !== 'deliver') continue;
    got.push({ id: Buffer.from(frame.envelopeId).toString('hex'), sequence: frame.sequence });
    if (acknowledge) socket.send({ type: 'ack', sequence: frame.sequence });
  }
  await socket.close();
  return got;
}

async function submit(id: string, to = member(1).device): Promise<void> {
  const socket = await connect(relay.origin, await login(relay.origin, member(0).device));
  await socket.expect('drained');
  const envelopeId = new Uint8Array(Buffer.from(id, 'hex'));
  socket.send({ type: 'submit', requestId: 1, envelopeId, recipients: [addressOf(to)], body: new Uint8Array(2_048) });
  await socket.expect('accepted');
  await socket.close();
}

const idOf = (number: number): string => number.toString(16).padStart(32, '0');

/** Changes one byte in the middle of the file. */
function flipByte(path: string, at?: number): void {
  const bytes = readFileSync(path);
  const place = at ?? Math.floor(bytes.length / 2);
  bytes[place] = (bytes[place] ?? 0) ^ 1;
  writeFileSync(path, bytes);
}

describe('backup', () => {
  it('R48: under load it ends, and restored elsewhere it has all that was accepted before it began; verify says so', async () => {
    const load = await startLoad(relay.origin, members.slice(1), member(0).device);
    await load.more(300);
    const before = new Set(load.accepted.keys());
    const made = await backup();
    const during = load.accepted.size - before.size;
    await load.more(1);
    await load.stop();
    expect(during).toBeGreaterThan(0);
    expect(await answerOf(['verify', made], typed())).toEqual({ ok: true, kind: 'backup', wrong: [] });
    expect(await answerOf(['verify'], typed())).toEqual({ ok: true, kind: 'data', wrong: [] });

    const dataDir = join(folder, 'elsewhere');
    expect(await answerOf(['restore', made], { dataDir })).toMatchObject({ aside: null, old: false });
    const other = await startRelay({ dataDir, env: { SOTTOVOCE_RATE_FACTOR: '100000' } });
    try {
      const got = new Set((await fetchAll(other.origin, member(0).device)).map(({ id }) => id));
      for (const id of before) expect(got.has(id)).toBe(true);
      for (const id of got) expect(load.accepted.has(id)).toBe(true);
    } finally {
      await other.stop();
    }
  }, 60_000);

  it('R48: a folder for the owner alone with database, key and a manifest of both; nothing else, and nothing half', async () => {
    const made = await backup();
    expect(made).toMatch(/\/sottovoce-\d{4}-\d\d-\d\dT\d{6}Z$/);
    expect(readdirSync(made).sort()).toEqual(['manifest.json', 'relay.key', 'relay.sqlite']);
    expect(statSync(made).mode & 0o777).toBe(0o700);
    for (const name of readdirSync(made)) expect(statSync(join(made, name)).mode & 0o777, name).toBe(0o600);
    expect(JSON.parse(readFileSync(join(made, 'manifest.json'), 'utf8'))).toMatchObject({
      format: 'sottovoce backup 1',
      counts: { accounts: 4, devices: 4, envelopes: 0, groupLogs: 0 },
    });
    expect(readdirSync(backups())).toHaveLength(1);
    // Verifying leaves it as it was.
    await answerOf(['verify', made], typed());
    expect(readdirSync(made)).toHaveLength(3);
  });

  it('R48: --keep leaves the newest, and whatever is not a whole backup of ours', async () => {
    mkdirSync(backups(), { recursive: true });
    for (const name of ['sottovoce-2020-01-01T000000Z', 'photos', 'sottovoce-notes']) mkdirSync(join(backups(), name));
    const old = await backup();
    renameSync(old, join(backups(), 'sottovoce-2021-01-01T000000Z'));
    const made = await backup('--keep', '1');
    expect(readdirSync(backups()).sort()).toEqual(['photos', 'sottovoce-2020-01-01T000000Z', made.split('/').at(-1), 'sottovoce-notes']);
  });

  it('R48: when the disk takes no more, nothing that looks like a backup is left, and older ones stay', async () => {
    await submit(idOf(1));
    const older = await backup();
    // No file may grow beyond 32 KiB: what a full disk does to a write, on every machine and for every user.
    const line = `ulimit -f 32; exec "${process.execPath}" server/main.ts backup "${backups()}" --keep 1`;
    const child = spawn('sh', ['-c', line], { cwd: PROJECT, env: { ...process.env, SOTTOVOCE_DATA: relay.dataDir } });
    let complained = '';
    child.stderr.setEncoding('utf8').on('data', (text: string) => {
      complained += text;
    });
    const [code] = (await once(child, 'close')) as [number | null];
    expect([code, complained]).toEqual([
      1,
      expect.stringMatching(/^(There was no room for|The disk did not take) the backup, and nothing of it was left behind[^\n]*\n$/),
    ]);
    expect(readdirSync(backups())).toEqual([older.split('/').at(-1)]);
    expect(await answerOf(['verify', older], typed())).toMatchObject({ ok: true });
  });

  it('R48: interrupted it leaves nothing; what a killed one left is no backup, and goes after a day', async () => {
    const left = join(backups(), '.sottovoce-2026-01-01T000000Z.part');
    mkdirSync(left, { recursive: true });
    writeFileSync(join(left, 'relay.sqlite'), 'half');
    const child = spawn(process.execPath, ['server/main.ts', 'backup', backups()], {
      cwd: PROJECT,
      env: { ...process.env, SOTTOVOCE_DATA: relay.dataDir },
    });
    // As soon as its folder appears, whether it still hears of it or is done already.
    const watcher = watch(backups(), () => child.kill('SIGTERM'));
    const [code] = (await once(child, 'close')) as [number | null];
    watcher.close();
    const whole = readdirSync(backups()).filter((name) => !name.startsWith('.'));
    expect(whole).toHaveLength(code === 0 ? 1 : 0);
    expect(readdirSync(backups()).filter((name) => name.startsWith('.'))).toEqual(['.sottovoce-2026-01-01T000000Z.part']);
    const yesterday = Date.now() / 1_000 - 25 * 3_600;
    utimesSync(left, yesterday, yesterday);
    await backup();
    expect(existsSync(left)).toBe(false);
  });

  it('R48: while a backup reads, the relay empties what it can of its journal and waits for nobody', async () => {
    const local = await localRelay({ members: 1 });
    const reader = new SqliteDatabase(join(local.dataDir, 'relay.sqlite'), { readonly: true });
    reader.exec('BEGIN');
    reader.prepare('SELECT count(*) FROM accounts').get();
    await granted(local.origin, 'invites/create', {}, local.members[0]?.token);
    // Waiting for the reader would take five seconds each time, and more than the test has.
    for (let minute = 0; minute < 10; minute++) await local.relay.store.tidy();
    reader.close();
    await local.relay.store.tidy();
    expect(statSync(join(local.dataDir, 'relay.sqlite-wal')).size).toBe(0);
    await local.close();
  });

  it('R48: not into the data folder, by whatever way, as it would be lost with it', async () => {
    const link = join(folder, 'link');
    symlinkSync(relay.dataDir, link);
    for (const inside of [relay.dataDir, join(relay.dataDir, 'backups'), join(relay.dataDir, '..b', 'c'), join(link, 'backups')]) {
      const { code, complained } = await typeCommand(['backup', inside], typed());
      expect([code, complained]).toEqual([1, expect.stringMatching(/lies in the data folder[^\n]*\n$/)]);
    }
    expect(existsSync(join(relay.dataDir, 'backups'))).toBe(false);
  });

  it.each([
    [['backup'], 2, 'DIR is missing'],
    [['backup', '/dev/null/x'], 1, 'There is no backup'],
    // Where folders cannot be made and the system says that they are missing.
    [['backup', '/proc/backups/tonight'], 1, 'the folder /proc/backups cannot be made'],
    [['backup', join(PROJECT, 'package.json')], 1, 'package.json is a file, not a folder'],
    [['backup', 'x', '--keep', '0'], 2, '--keep must be a whole number from 1'],
    [['restore', '/nowhere'], 1, '/nowhere is no backup'],
    [['verify', '/nowhere'], 1, '/nowhere is neither a backup nor a data folder.'],
  ])('R31: %j ends with %i and one sentence', async (args, expected, sentence) => {
    const { code, said, complained } = await typeCommand(args, typed());
    expect([code, said]).toEqual([expected, '']);
    expect(complained).toContain(sentence);
    expect(complained.split('\n')).toHaveLength(2);
  });
});

describe('verify', () => {
  it('R48: one changed byte in any file of a backup is told, and it is not restored', async () => {
    for (const name of ['relay.sqlite', 'relay.key', 'manifest.json']) {
      rmSync(backups(), { recursive: true, force: true });
      const made = await backup();
      flipByte(join(made, name));
      const told = await answerOf(['verify', made], typed(), 1);
      expect(told).toMatchObject({ ok: false, kind: 'backup' });
      expect(String(told['wrong'])).toContain(name);
      const dataDir = join(folder, 'fresh');
      const { code, complained } = await typeCommand(['restore', made], { dataDir });
      expect([code, complained]).toEqual([1, expect.stringMatching(/^It was not restored: [^\n]*\n$/)]);
      expect(existsSync(join(dataDir, 'relay.sqlite'))).toBe(false);
    }
  });

  it.each([
    ['DELETE FROM bodies', '1 waiting envelopes have lost their bodies.'],
    ['DELETE FROM waiting', '1 bodies wait for nobody.'],
    ['UPDATE waiting SET size = 1', '1 waiting envelopes have another size than their bodies.'],
    ['UPDATE waiting SET sequence = 0', '1 waiting envelopes were acknowledged.'],
    ['UPDATE mailboxes SET acknowledged = 50', '4 mailboxes have acknowledged more than they had.'],
    ['DELETE FROM mailboxes WHERE device = 2', '1 devices have no mailbox.'],
    ['UPDATE accounts SET list_version = 3', '4 accounts do not hold the device lists they count.'],
    ['DELETE FROM accounts WHERE row = 1', '2 rows name others that are gone.'],
    ["INSERT INTO group_logs VALUES (1, 'x', x'', 2, 0)", '1 group logs do not hold the entries they count.'],
  ])('R48: after "%s" the data is not whole', async (sql, sentence) => {
    await submit(idOf(1));
    await relay.kill('SIGTERM');
    const database = new SqliteDatabase(join(relay.dataDir, 'relay.sqlite'));
    database.pragma('foreign_keys = OFF');
    database.exec(sql);
    database.close();
    const told = await answerOf(['verify'], typed(), 1);
    expect(String(told['wrong'])).toContain(sentence);
    // Such data is not backed up over good backups either.
    const { code, complained } = await typeCommand(['backup', backups(), '--keep', '1'], typed());
    expect([code, complained]).toEqual([1, expect.stringContaining('older backups were left alone')]);
    expect(readdirSync(backups())).toEqual([]);
  });

  it('R48: damage to the file itself is told in a sentence', async () => {
    await submit(idOf(1));
    await relay.kill('SIGTERM');
    const path = join(relay.dataDir, 'relay.sqlite');
    const pages = statSync(path).size / 4_096;
    for (let page = 2; page < pages; page++) flipByte(path, page * 4_096);
    const told = await answerOf(['verify'], typed(), 1);
    expect(String(told['wrong'])).toMatch(/The file is damaged/);
  });
});

describe('restore', () => {
  it('R49: not under a running relay; the data before is kept aside, whole', async () => {
    const made = await backup();
    const busy = await typeCommand(['restore', made], typed());
    expect([busy.code, busy.complained]).toEqual([1, expect.stringMatching(/^A relay is running on [^\n]*\n$/)]);
    await submit(idOf(7));
    await relay.kill('SIGTERM');
    const { aside } = await answerOf(['restore', made], typed());
    expect(String(aside)).toMatch(/before-restore-/);
    expect(await answerOf(['verify', String(aside)], typed())).toMatchObject({ ok: true });
    const again = await answerOf(['restore', made], typed());
    expect(again['aside']).not.toBe(aside);
    await relay.restart();
    expect(await fetchAll(relay.origin, member(1).device)).toEqual([]);
    expect(await answerOf(['log'], typed())).toMatchObject({ acts: [{ act: 'invite create' }, { act: 'restore', target: null }] });
  });

  it('R8, R10, R49: sequences go far ahead of every cursor; the acknowledged stays; what waited comes again, numbered anew', async () => {
    for (const number of [1, 2, 3]) await submit(idOf(number));
    const seen = await fetchAll(relay.origin, member(1).device, false);
    const made = await backup();
    for (const number of [4, 5]) await submit(idOf(number));
    const cursor = (await fetchAll(relay.origin, member(1).device)).at(-1)?.sequence ?? 0;
    await relay.kill('SIGTERM');
    await answerOf(['restore', made], typed());
    await relay.restart();
    const socket = await connect(relay.origin, await login(relay.origin, member(1).device));
    expect(socket.welcome).toMatchObject({ acknowledged: 0, waiting: 3 });
    const came = await fetchAll(relay.origin, member(1).device);
    expect(came.map(({ id }) => id)).toEqual(seen.map(({ id }) => id));
    await submit(idOf(9));
    const next = await fetchAll(relay.origin, member(1).device);
    for (const { sequence } of [...came, ...next]) expect(sequence).toBeGreaterThan(cursor);
    expect(next[0]?.sequence).toBeGreaterThan(came.at(-1)?.sequence ?? 0);
    expect(await answerOf(['verify'], typed())).toMatchObject({ ok: true });
  });

  it('R19, R25, R49: no one-time prekey of the backup is handed out again, and no invite of it opens', async () => {
    const { invite } = await granted(relay.origin, 'invites/create', {}, member(0).token);
    const made = await backup();
    const claim = { accountId: member(1).device.accountId, deviceIds: [member(1).device.deviceId] };
    const handedOut = await granted(relay.origin, 'prekeys/claim', claim, member(0).token);
    expect(handedOut).toMatchObject({ bundles: [{ oneTimePrekey: { id: expect.any(Number) } }] });
    await relay.kill('SIGTERM');
    await answerOf(['restore', made], typed());
    await relay.restart();
    const token = await login(relay.origin, member(0).device);
    expect(await granted(relay.origin, 'prekeys/claim', claim, token)).toMatchObject({ bundles: [{ oneTimePrekey: null }] });
    expect(await post(relay.origin, 'registration/check', { invite })).toMatchObject({ answer: { valid: false } });
  });

  it('R42, R43, R44, R49: who was deleted, disabled or revoked since the backup stays so', async () => {
    const made = await backup();
    await answerOf(['account', 'delete', 'member_1', '--yes'], typed());
    await answerOf(['account', 'disable', 'member_2'], typed());
    await answerOf(['account', 'promote', 'member_3'], typed());
    await answerOf(['device', 'revoke', 'member_3', String(member(3).device.deviceId), '--yes'], typed());
    await relay.kill('SIGTERM');
    expect(await answerOf(['restore', made], typed())).toMatchObject({ repeated: 4 });
    await relay.restart();
    expect(await answerOf(['account', 'list'], typed())).toMatchObject({
      accounts: [{ username: 'admin_0' }, { username: 'member_2', disabled: true }, { username: 'member_3', role: 'admin' }],
    });
    await expect(login(relay.origin, member(3).device)).rejects.toThrow('403 revoked');
    await expect(login(relay.origin, member(1).device)).rejects.toThrow('401 unauthorized');
    const { invite } = await granted(relay.origin, 'invites/create', {}, await login(relay.origin, member(0).device));
    expect(await granted(relay.origin, 'registration/username', { invite, username: 'member_1' })).toEqual({ available: false });
  });

  it('R44, R49: a device that its account has removed since the backup cannot log in again', async () => {
    const { device, token } = member(1);
    const { accountId, deviceId } = device;
    const key = loginKeyPair();
    const lost = { ...device, deviceId: 77, signLogin: key.signLogin };
    await granted(relay.origin, 'devices/list', { entry: toBase64url(listEntryBytes(accountId, 2, [deviceId, lost.deviceId])) }, token);
    const record = recordBytes({ accountId, deviceId: lost.deviceId, loginKey: key.publicKey, sequence: 1 });
    await granted(relay.origin, 'devices/publish', { deviceRecord: toBase64url(record) }, token);
    await login(relay.origin, lost);
    const made = await backup();
    await granted(relay.origin, 'devices/list', { entry: toBase64url(listEntryBytes(accountId, 3, [deviceId])) }, token);
    await relay.kill('SIGTERM');
    expect(await answerOf(['restore', made], typed())).toMatchObject({ repeated: 1 });
    await relay.restart();
    await expect(login(relay.origin, lost)).rejects.toThrow();
    await login(relay.origin, device);
  });

  it('R49: killed before files moved, what it prepared is removed by the next start', async () => {
    await relay.kill('SIGTERM');
    mkdirSync(join(relay.dataDir, 'restoring'));
    writeFileSync(join(relay.dataDir, 'restoring', 'relay.sqlite'), 'half');
    await relay.restart();
    expect(existsSync(join(relay.dataDir, 'restoring'))).toBe(false);
  });

  it('R49: interrupted while files move, no relay starts on half of it; once more, and it is done', async () => {
    const made = await backup();
    await answerOf(['account', 'disable', 'member_2'], typed());
    await relay.kill('SIGTERM');
    // As a restore leaves it that was killed after the first of its renames.
    writeFileSync(join(relay.dataDir, 'restore.unfinished'), made);
    const aside = join(relay.dataDir, 'before-restore-2026-01-01T000000Z');
    mkdirSync(aside);
    for (const name of readdirSync(relay.dataDir).filter((one) => /^relay\.(sqlite|key)/.test(one)))
      renameSync(join(relay.dataDir, name), join(aside, name));
    copyFileSync(join(made, 'relay.key'), join(relay.dataDir, 'relay.key'));
    const started = await typeCommand(['serve'], typed());
    expect([started.code, started.complained]).toEqual([1, expect.stringMatching(/A restore into [^\n]* was interrupted[^\n]*\n$/)]);
    expect(existsSync(join(relay.dataDir, 'relay.sqlite'))).toBe(false);
    expect(await answerOf(['restore', made], typed())).toMatchObject({ repeated: 1 });
    await relay.restart();
    expect(await answerOf(['account', 'list'], typed())).toMatchObject({
      accounts: [{}, {}, { username: 'member_2', disabled: true }, {}],
    });
    expect(existsSync(aside)).toBe(true);
  });
});
