// The relay and its page as one file. It is built here unless dist/sottovoce was made of what stands in the project now.
import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import {
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from 'vitest';
import { canBuildHere } from '../../scripts/binary/executable.ts';
import { RELAY_VERSION } from '../../server/version.ts';
import { type Ended, type LoneBinary, loneBinary, type Running } from '../support/lone-binary.ts';
import { acceptRequest, makeInvite } from '../support/page-acts.ts';
import { bubble, openRow, person, signUp, write } from '../support/person-at-browser.ts';

const project = dirname(dirname(import.meta.dirname));
const PAGE = join(project, 'dist/client');
const LARGEST_BYTES = 140_000_000;
/** Any that is free. */
const ENV = { SOTTOVOCE_PORT: '0' };

// A test runner's environment makes other pages.
const ordinary = Object.fromEntries(Object.entries(process.env).filter(([name]) => !/^(?:VITEST|VITE_|NODE_ENV$|TEST$)/.test(name)));

function build(cwd: string): void {
  const { status, stdout, stderr } = spawnSync(process.execPath, ['scripts/binary/main.ts'], { cwd, env: ordinary, encoding: 'utf8' });
  if (status !== 0) throw new Error(`${stdout}${stderr}`);
}
const sha256 = (path: string): string => createHash('sha256').update(readFileSync(path)).digest('hex');

let alone: LoneBinary;

async function served(env: Record<string, string> = ENV): Promise<Running> {
  const relay = await alone.serve(env);
  if (!('origin' in relay)) throw new Error(`it ended with ${relay.code}: ${relay.complained}`);
  return relay;
}
const fromPage = (path: string): Buffer => readFileSync(join(PAGE, path));

function oneFile(): void {
  beforeAll(() => {
    build(project);
    alone = loneBinary();
  });
  afterAll(() => alone?.remove());

  test('R26, R30: alone in an empty folder it serves two people in real browsers, and ends on SIGTERM with 0', async () => {
    const relay = await served();
    const [anna, bert] = await Promise.all([person('anna'), person('bert')]);
    onTestFinished(async () => void (await Promise.all([anna.forget(), bert.forget()])));
    await signUp(anna, relay.inviteLink ?? '');
    await signUp(bert, await makeInvite(anna.page));
    // The invite carried anna as a contact.
    await openRow(bert.page, 'anna');
    await write(bert.page, 'All of it in one file');
    await acceptRequest(anna.page, 'bert');
    await bubble(anna.page, 'All of it in one file').waitFor();
    await write(anna.page, 'And it arrives');
    await bubble(bert.page, 'And it arrives').waitFor();
    expect([...anna.complaints, ...bert.complaints]).toEqual([]);
    await Promise.all([anna.quit(), bert.quit()]);
    expect(await relay.stop()).toMatchObject({ code: 0, complained: '' });
    expect(readdirSync(alone.folder).sort()).toEqual(['data', 'sottovoce']);
  });

  test('R29: the page inside is the page of the folder, file for file, with its types and lifetimes', async () => {
    const relay = await served();
    const paths = readdirSync(PAGE, { recursive: true, withFileTypes: true })
      .filter((entry) => entry.isFile())
      .map(({ parentPath, name }) => join(parentPath, name).slice(PAGE.length + 1));
    expect(paths).toContain('index.html');
    for (const path of paths) {
      const answer = await fetch(`${relay.origin}/${path}`, { headers: { 'accept-encoding': 'identity' } });
      expect([path, answer.status, answer.headers.get('content-type')]).not.toContain('application/octet-stream');
      expect(Buffer.from(await answer.arrayBuffer()).equals(fromPage(path))).toBe(true);
      expect(answer.headers.get('cache-control')).toMatch(path.startsWith('assets/') ? /immutable/ : /^no-cache$/);
      expect(answer.headers.get('content-security-policy')).toContain("default-src 'none'");
    }
    const dense = await fetch(`${relay.origin}/`, { headers: { 'accept-encoding': 'br' } });
    expect(dense.headers.get('content-encoding')).toBe('br');
    expect(await dense.text()).toBe(fromPage('index.html').toString());
    for (const path of ['brotli/index.html', 'page/index.html', 'better-sqlite3.node', '..%2fsottovoce', 'sottovoce'])
      expect((await fetch(`${relay.origin}/${path}`)).status).toBe(404);
    await relay.stop();
  });

  test('R30: with an empty environment it takes port 8787, or says in a sentence that somebody has it', async () => {
    const outcome: Running | Ended = await alone.serve({});
    if ('origin' in outcome) {
      expect(outcome.origin).toBe('http://localhost:8787');
      expect((await fetch(`${outcome.origin}/v1/relay`)).status).toBe(200);
      expect((await outcome.stop()).code).toBe(0);
    } else {
      expect(outcome).toMatchObject({ code: 1, said: '' });
      expect(outcome.complained).toMatch(/^The port is taken.*SOTTOVOCE_PORT\.\n$/);
    }
  });

  test('R31: the command is whole: help, version, settings, mistakes', async () => {
    expect(await alone.run(['version'])).toMatchObject({
      code: 0,
      said: expect.stringMatching(`^sottovoce ${RELAY_VERSION} .*Node.js ${process.versions.node}\\)\n$`),
    });
    expect(await alone.run(['help'])).toMatchObject({ code: 0, said: expect.stringContaining('sottovoce serve'), complained: '' });
    expect(await alone.run(['config', 'check', '--json'])).toMatchObject({
      code: 0,
      said: '{"ok":true,"file":null,"mistakes":[],"warnings":[]}\n',
    });
    expect(await alone.run(['config', 'check'], { SOTTOVOCE_PORT: 'web' })).toMatchObject({
      code: 1,
      complained: expect.stringMatching(/^SOTTOVOCE_PORT must/),
    });
    expect(await alone.run(['sing'])).toMatchObject({ code: 2 });
    // Node's own options are none of its business.
    expect(await alone.run(['--eval', 'console.log(1)'])).toMatchObject({ code: 2, said: '' });
  });

  test('the driver that it unpacks is for its owner alone, and other bytes in its place are replaced and never loaded', async () => {
    await (await served()).stop();
    const cache = join(alone.folder, 'data/cache');
    const [driver = '', ...more] = readdirSync(cache).map((name) => join(cache, name));
    expect(more).toEqual([]);
    expect([statSync(cache).mode & 0o777, statSync(driver).mode & 0o777]).toEqual([0o700, 0o600]);
    const whole = readFileSync(driver);
    // Would end the process if it were loaded: a library that is cut off, and one whose code was overwritten.
    for (const wrong of [
      whole.subarray(0, whole.length / 2),
      Buffer.concat([whole.subarray(0, 4096), Buffer.alloc(whole.length - 4096, 0xcc)]),
    ]) {
      writeFileSync(driver, wrong);
      writeFileSync(join(cache, 'better-sqlite3-of-another-version.node'), 'old');
      expect((await (await served()).stop()).code).toBe(0);
      expect(readFileSync(driver).equals(whole)).toBe(true);
      expect(readdirSync(cache)).toHaveLength(1);
    }
  });

  test('R48, R49: it writes nothing beside what it opens but its own data, and leaves nothing of its driver behind', async () => {
    const [made, scratch, fresh] = ['backups', 'scratch', 'elsewhere'].map((name) => join(alone.folder, name)) as [string, string, string];
    mkdirSync(scratch);
    const env = { TMPDIR: scratch };
    await (await served()).stop();
    expect(await alone.run(['backup', made], env)).toMatchObject({ code: 0 });
    const backup = join(made, readdirSync(made)[0] ?? '');
    const names = readdirSync(backup);
    // Once with the relay's own folder to load from, once without.
    for (const dataDir of [join(alone.folder, 'data'), fresh]) {
      const elsewhere = { ...env, SOTTOVOCE_DATA: dataDir };
      expect(await alone.run(['verify', backup], elsewhere)).toMatchObject({ code: 0, said: 'The backup is whole.\n' });
      expect(await alone.run(['restore', join(alone.folder, 'nowhere')], elsewhere)).toMatchObject({ code: 1 });
    }
    expect(readdirSync(backup)).toEqual(names);
    for (const none of [fresh, join(alone.folder, 'nowhere')]) expect(existsSync(none)).toBe(false);
    expect(readdirSync(scratch)).toEqual([]);
    rmSync(made, { recursive: true });
    rmSync(scratch, { recursive: true });
  });

  test('its size, and beside it its sum and the licences of all that is inside', () => {
    expect(statSync(join(project, 'dist/sottovoce')).size).toBeLessThan(LARGEST_BYTES);
    expect(readFileSync(join(project, 'dist/sottovoce.sha256'), 'utf8')).toBe(`${sha256(join(project, 'dist/sottovoce'))}  sottovoce\n`);
    const licences = readFileSync(join(project, 'dist/sottovoce.licences.txt'), 'utf8');
    expect(licences).toContain('GNU AFFERO GENERAL PUBLIC LICENSE');
    for (const name of ['node-linux', 'better-sqlite3 ', 'fastify ', 'react ']) expect(licences).toMatch(new RegExp(`^${name}`, 'm'));
  });

  test('the same sources make the same bytes, in another folder and at another time', () => {
    const copy = mkdtempSync(join(tmpdir(), 'sottovoce-again-'));
    onTestFinished(() => rmSync(copy, { recursive: true, force: true }));
    for (const name of [
      'LICENSE',
      'client',
      'crypto',
      'server',
      'scripts',
      'package.json',
      'package-lock.json',
      'tsconfig.base.json',
      'vite.config.ts',
    ])
      cpSync(join(project, name), join(copy, name), { recursive: true });
    symlinkSync(join(project, 'node_modules'), join(copy, 'node_modules'));
    build(copy);
    expect(sha256(join(copy, 'dist/sottovoce'))).toBe(sha256(join(project, 'dist/sottovoce')));
  });
}

if (canBuildHere()) describe('one file', oneFile);
else
  test('where the single file cannot be built a sentence says so', () => {
    expect(() => build(project)).toThrow(/^The single file can be built on Linux with glibc/);
  });
