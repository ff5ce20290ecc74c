import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { createServer, type AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import SqliteDatabase from 'better-sqlite3';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { whyNotStarted } from '../../server/cli/why-not-started.ts';
import { readConfig } from '../../server/config/config.ts';
import { listenMistake } from '../../server/config/listen-mistake.ts';
import { RELAY_VERSION } from '../../server/version.ts';
import { login, register } from '../support/relay-device.ts';
import { connect } from '../support/relay-socket.ts';
import { startRelay } from '../support/relay.ts';

const PROJECT = join(import.meta.dirname, '..', '..');
let folder: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'sottovoce-process-'));
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

/** Runs the relay to its end, which must come by itself. */
async function run(env: Record<string, string>): Promise<{ code: number | null; said: string; complained: string }> {
  const child = spawn(process.execPath, [join(PROJECT, 'server/main.ts'), 'serve'], {
    env: { ...process.env, SOTTOVOCE_DATA: folder, ...env },
  });
  let [said, complained] = ['', ''];
  child.stdout.on('data', (chunk) => {
    said += String(chunk);
  });
  child.stderr.on('data', (chunk) => {
    complained += String(chunk);
  });
  const [code] = (await once(child, 'close')) as [number | null];
  return { code, said, complained };
}

describe('the relay as a process', () => {
  it('R26, R30: prints one address and the invite until it is used, and ends on SIGTERM with 0 after telling its sockets', async () => {
    const relay = await startRelay();
    try {
      const invite = relay.firstInvite ?? '';
      await relay.restart();
      expect(relay.firstInvite).toBe(invite);
      const alice = await register(relay.origin, invite, 'alice');
      const socket = await connect(relay.origin, await login(relay.origin, alice));
      expect(await relay.kill('SIGTERM')).toBe(0);
      expect(await socket.closed).toBe(1012);
      await relay.restart();
      expect(relay.firstInvite).toBeUndefined();
      expect(await relay.kill('SIGINT')).toBe(0);
    } finally {
      await relay.stop();
    }
  });

  it('R36: its log is on standard error, sentences that docs/operate explains; standard output has the address and the invite alone', async () => {
    const relay = spawn(process.execPath, [join(PROJECT, 'server/main.ts'), 'serve', '--json'], {
      env: { ...process.env, SOTTOVOCE_DATA: join(folder, 'logged'), SOTTOVOCE_PORT: '0', SOTTOVOCE_LOG: 'info' },
    });
    let [said, complained] = ['', ''];
    relay.stdout.on('data', (chunk) => {
      said += String(chunk);
    });
    relay.stderr.on('data', (chunk) => {
      complained += String(chunk);
      if (complained.includes('"started"') && !relay.killed) relay.kill('SIGTERM');
    });
    expect(await once(relay, 'close')).toEqual([0, null]);
    expect(Object.keys(JSON.parse(said) as object)).toEqual(['address', 'invite']);
    const sentences = complained.split('\n').filter(Boolean);
    const told = sentences.map((line) => (JSON.parse(line) as { msg: string }).msg);
    expect(told).toEqual(['listening', 'started', 'stopping', 'stopped']);
    const explained = readFileSync(join(PROJECT, 'docs/operate/README.md'), 'utf8');
    for (const sentence of told) expect(explained).toMatch(new RegExp(`^\\|[^|]*\\b${sentence}\\b`, 'm'));
  });

  it('R31: an answer that could not be written is not done', async () => {
    const child = spawn(process.execPath, ['server/main.ts', 'version', '--json'], { cwd: PROJECT });
    child.stdout.destroy();
    let complained = '';
    child.stderr.on('data', (chunk) => {
      complained += String(chunk);
    });
    const [code] = (await once(child, 'close')) as [number | null];
    expect([code, complained]).toEqual([1, 'What was to be said could not be written to standard output.\n']);
  });

  it('R30: a taken port is one sentence and an exit code', async () => {
    const holder = createServer().listen(0, '127.0.0.1');
    await once(holder, 'listening');
    const { port } = holder.address() as AddressInfo;
    const { code, said, complained } = await run({ SOTTOVOCE_PORT: String(port) });
    holder.close();
    expect([code, said]).toEqual([1, '']);
    expect(complained).toMatch(/^The port is taken.*SOTTOVOCE_PORT\.\n$/);
  });

  it.each([
    [{ SOTTOVOCE_HOST: '203.0.113.1' }, /^203\.0\.113\.1 is no address of this machine\. .*SOTTOVOCE_HOST/],
    [{ SOTTOVOCE_METRICS_PORT: '9', SOTTOVOCE_METRICS_HOST: '203.0.113.1' }, /^203\.0\.113\.1 is no .*SOTTOVOCE_METRICS_HOST/],
    [{ SOTTOVOCE_DATA: join(PROJECT, 'LICENSE') }, /LICENSE is a file, not a folder\. .*SOTTOVOCE_DATA\.$/],
    [{ SOTTOVOCE_DATA: join(PROJECT, 'LICENSE', 'below') }, /cannot be made, as a part of its path is a file\. .*SOTTOVOCE_DATA\.$/],
    [{ SOTTOVOCE_DATA: join(PROJECT, 'a'.repeat(300)) }, /cannot be made, as its name is too long\. .*SOTTOVOCE_DATA\.$/],
    [{ SOTTOVOCE_TLS_CERT: '/nowhere', SOTTOVOCE_TLS_KEY: '/nowhere' }, /^The TLS certificate .*Correct SOTTOVOCE_TLS_CERT/],
  ])('R30: %o does not start, and one sentence says what to do', async (env, sentence) => {
    const { code, said, complained } = await run({ SOTTOVOCE_PORT: '0', ...env });
    expect([code, said]).toEqual([1, '']);
    expect(complained).toMatch(/^[^\n]*\.\n$/);
    expect(complained.trimEnd()).toMatch(sentence);
  });

  it.each([
    ['EACCES', 'permission denied', 'Run the relay as the user who owns it'],
    ['EROFS', 'read-only file system', 'a disk that takes no changes'],
    ['ENOSPC', 'no space left on device', 'Make room'],
    ['SQLITE_CANTOPEN', 'unable to open database file', 'Run the relay as the user who owns it'],
    ['EMFILE', 'too many open files', 'ulimit -n'],
    ['ERR_WORKER_INIT_FAILED', 'Worker initialization failure: EMFILE', 'ulimit -n'],
  ])('R30: %s is told without the words of the system', (code, message, todo) => {
    const sentence = whyNotStarted(Object.assign(new Error(message), { code }), '/data');
    expect(sentence).toContain(todo);
    expect(sentence).not.toContain(message);
    expect(listenMistake(Object.assign(new Error(message), { code }), readConfig({}), 'host', 'port')?.message ?? '').toMatch(
      code === 'EACCES' ? /^This user may not listen on port 8787\..*SOTTOVOCE_PORT\.$/ : /^$/,
    );
  });

  it('R30: with too few files it says one sentence, not its loop and its thread each one', async () => {
    // From 24 to 32 it gets as far as that; with more it starts.
    const line = `ulimit -n 28; exec "${process.execPath}" "${join(PROJECT, 'server/main.ts')}" serve`;
    const env = { ...process.env, SOTTOVOCE_DATA: join(folder, 'few-files'), SOTTOVOCE_PORT: '0' };
    const child = spawn('sh', ['-c', line], { env, stdio: ['ignore', 'ignore', 'pipe'] });
    let complained = '';
    child.stderr.setEncoding('utf8').on('data', (text: string) => {
      complained += text;
    });
    const [code] = (await once(child, 'close')) as [number | null];
    expect([code, complained]).toEqual([1, expect.stringMatching(/^[^\n]*ulimit -n[^\n]*\n$/)]);
  });

  it('R30: a folder that another relay uses is one sentence', async () => {
    const relay = await startRelay();
    const { code, complained } = await run({ SOTTOVOCE_PORT: '0', SOTTOVOCE_DATA: relay.dataDir });
    await relay.stop();
    expect(code).toBe(1);
    expect(complained).toMatch(/^[^\n]*Another relay uses the data folder[^\n]*\n$/);
  });

  it('R30: data of a newer relay is one sentence, and is left as it was', async () => {
    const relay = await startRelay();
    await relay.kill('SIGTERM');
    const database = new SqliteDatabase(join(relay.dataDir, 'relay.sqlite'));
    database.pragma('user_version = 99');
    database.close();
    const { code, complained } = await run({ SOTTOVOCE_PORT: '0', SOTTOVOCE_DATA: relay.dataDir });
    await relay.stop();
    expect(code).toBe(1);
    expect(complained).toMatch(/^[^\n]*written by a newer Sottovoce[^\n]* Install the newer program again\.\n$/);
  });

  it.each([
    [{ SOTTOVOCE_PORT: 'web' }, 'SOTTOVOCE_PORT'],
    [{ SOTTOVOCE_PORT: '65536' }, 'SOTTOVOCE_PORT'],
    [{ SOTTOVOCE_PORT: '80.5' }, 'SOTTOVOCE_PORT'],
    [{ SOTTOVOCE_HOST: 'two hosts' }, 'SOTTOVOCE_HOST'],
    [{ SOTTOVOCE_ORIGIN: 'chat.example' }, 'SOTTOVOCE_ORIGIN'],
    [{ SOTTOVOCE_ORIGIN: 'https://chat.example/' }, 'SOTTOVOCE_ORIGIN'],
    [{ SOTTOVOCE_ORIGIN: 'ftp://chat.example' }, 'SOTTOVOCE_ORIGIN'],
    [{ SOTTOVOCE_INVITES_BY: 'everyone' }, 'SOTTOVOCE_INVITES_BY'],
    [{ SOTTOVOCE_RATE_FACTOR: '0' }, 'SOTTOVOCE_RATE_FACTOR'],
    [{ SOTTOVOCE_LOG: 'all' }, 'SOTTOVOCE_LOG'],
  ])('R30: %o is refused with a sentence that names the setting', (env, name) => {
    expect(() => readConfig(env)).toThrow(new RegExp(`^${name} must .*\\.$`));
  });

  it('R30: without settings it listens to this machine alone, on 8787, with data in ./data', () => {
    expect(readConfig({})).toMatchObject({ host: '127.0.0.1', port: 8_787, dataDir: './data', origin: undefined, invitesBy: 'members' });
  });

  it('says the version of its package', () => {
    const { version } = JSON.parse(readFileSync(join(PROJECT, 'package.json'), 'utf8')) as { version: string };
    expect(RELAY_VERSION).toBe(version);
  });
});
