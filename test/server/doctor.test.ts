import { once } from 'node:events';
import { chmodSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, truncateSync, writeFileSync } from 'node:fs';
import { type AddressInfo, createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import SqliteDatabase from 'better-sqlite3';
import { afterEach, beforeEach, describe, expect, it, onTestFinished } from 'vitest';
import { clockFinding } from '../../server/admin/doctor/database.ts';
import { aliveAddress } from '../../server/cli/admin/alive.ts';
import { readConfig } from '../../server/config/config.ts';
import { tlsFindings } from '../../server/admin/doctor/tls.ts';
import { selfSigned } from '../support/certificate.ts';
import { answerOf, typeCommand } from '../support/command.ts';
import { type RunningRelay, startRelay } from '../support/relay.ts';

type Finding = { about: string; verdict: 'ok' | 'warning' | 'wrong'; said: string; todo?: string };

let folder: string;
let relay: RunningRelay;
beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), 'sottovoce-doctor-'));
  relay = await startRelay();
});
afterEach(async () => {
  await relay.stop();
  rmSync(folder, { recursive: true, force: true });
});

async function examine(env: Record<string, string> = {}, more: string[] = [], dataDir = relay.dataDir): Promise<Finding[]> {
  const told = await typeCommand(['doctor', '--json', ...more], { dataDir, port: relay.port, env });
  const { ok, findings } = JSON.parse(told.said) as { ok: boolean; findings: Finding[] };
  expect([ok, told.code]).toEqual(findings.some(({ verdict }) => verdict === 'wrong') ? [false, 1] : [true, 0]);
  for (const { verdict, said, todo } of findings) {
    expect(said).toMatch(/\.$/);
    expect(verdict === 'ok' ? todo : (todo ?? '')).not.toBe('');
  }
  return findings;
}
const verdicts = (findings: Finding[], about: string) => findings.filter((one) => one.about === about).map(({ verdict }) => verdict);
const saidOf = (findings: Finding[], about: string) =>
  findings
    .filter((one) => one.about === about)
    .map(({ said }) => said)
    .join(' ');

describe('doctor', () => {
  it('R45: a relay that runs as it should is ok in everything, and nothing is changed', async () => {
    const before = readdirSync(relay.dataDir).sort();
    const findings = await examine();
    expect(findings.filter(({ verdict }) => verdict === 'wrong')).toEqual([]);
    for (const about of ['settings', 'data folder', 'database', 'clock', 'relay', 'port', 'origin'])
      expect(verdicts(findings, about), about).toEqual(['ok']);
    expect(saidOf(findings, 'port')).toMatch(/A relay answers/);
    expect(readdirSync(relay.dataDir).sort()).toEqual(before);
    expect(saidOf(findings, 'origin')).toContain(`at http://localhost:${relay.port},`);
    const { said } = await typeCommand(['doctor'], { dataDir: relay.dataDir, port: relay.port });
    expect(said).toMatch(/^ok +settings +They are good\.\n/);
    for (const line of said.split('\n')) expect(line.length).toBeLessThanOrEqual(80);
  });

  it('R34, R45: --quick asks whether the relay answers and nothing else, so that a full disk or a damaged file restarts nobody', async () => {
    const quick = (env: Record<string, string> = {}) =>
      typeCommand(['doctor', '--quick'], { dataDir: relay.dataDir, port: relay.port, env });
    expect(await quick()).toEqual({ code: 0, said: 'The relay answers.\n', complained: '' });
    expect(await quick({ SOTTOVOCE_HOST: '0.0.0.0', SOTTOVOCE_MIN_FREE_MIB: '1048576' })).toMatchObject({ code: 0 });
    expect(await quick({ SOTTOVOCE_TLS_CERT: 'a', SOTTOVOCE_TLS_KEY: 'a' })).toMatchObject({ code: 1 });
    await relay.kill('SIGTERM');
    const told = await quick();
    expect([told.code, told.said, told.complained]).toEqual([1, '', `No relay answers at http://127.0.0.1:${relay.port}/healthz.\n`]);
    expect(await answerOf(['doctor', '--quick'], { dataDir: relay.dataDir, port: relay.port }, 1)).toEqual({ ok: false });
    expect(readFileSync(join(import.meta.dirname, '../../docs/deploy/Dockerfile'), 'utf8')).toContain(
      'CMD ["/sottovoce", "doctor", "--quick"]',
    );
  });

  it('R33, R34: --quick asks a relay with TLS of its own over TLS, whatever name its certificate has', async () => {
    const { cert, key } = selfSigned(['localhost']);
    const env = { SOTTOVOCE_TLS_CERT: join(folder, 'cert.pem'), SOTTOVOCE_TLS_KEY: join(folder, 'key.pem') };
    writeFileSync(env.SOTTOVOCE_TLS_CERT, cert);
    writeFileSync(env.SOTTOVOCE_TLS_KEY, key);
    const over = await startRelay({ env });
    onTestFinished(() => over.stop());
    const typed = { dataDir: over.dataDir, port: over.port };
    expect(await answerOf(['doctor', '--quick'], { ...typed, env })).toEqual({ ok: true });
    expect(await answerOf(['doctor', '--quick'], typed, 1)).toEqual({ ok: false });
  });

  it('R34: where a relay that listens on every network is reached from its own machine', () => {
    const at = (SOTTOVOCE_HOST: string) => aliveAddress(readConfig({ SOTTOVOCE_HOST }));
    expect(['0.0.0.0', '::', '::1', 'localhost'].map(at)).toEqual([
      'http://127.0.0.1:8787/healthz',
      'http://[::1]:8787/healthz',
      'http://[::1]:8787/healthz',
      'http://localhost:8787/healthz',
    ]);
  });

  it('R45: stopped, the port is free and no relay runs; a strange program on it is wrong', async () => {
    await relay.kill('SIGTERM');
    const stopped = await examine();
    expect(saidOf(stopped, 'port')).toMatch(/is free/);
    expect(saidOf(stopped, 'relay')).toMatch(/No relay runs/);
    const stranger = createServer((socket) => socket.end('hello')).listen(0, '127.0.0.1');
    await once(stranger, 'listening');
    const { port } = stranger.address() as AddressInfo;
    const told = await answerOf(['doctor'], { dataDir: relay.dataDir, port }, 1);
    stranger.close();
    expect(verdicts(told['findings'] as Finding[], 'port')).toEqual(['wrong']);
  });

  it('R45: another relay on the port is not this one', async () => {
    const other = await startRelay();
    onTestFinished(other.stop);
    const told = await answerOf(['doctor'], { dataDir: relay.dataDir, port: other.port }, 1);
    expect(saidOf(told['findings'] as Finding[], 'port')).toMatch(/^A relay with another key/);
    const nothingYet = await answerOf(['doctor'], { dataDir: join(folder, 'nothing'), port: other.port }, 1);
    expect(verdicts(nothingYet['findings'] as Finding[], 'port')).toEqual(['wrong']);
  });

  it("R45: the port of the metrics is looked at, and is not the relay's own", async () => {
    const stranger = createServer((socket) => socket.end('hello').resume()).listen(0, '127.0.0.1');
    await once(stranger, 'listening');
    const port = String((stranger.address() as AddressInfo).port);
    expect(verdicts(await examine({ SOTTOVOCE_METRICS_PORT: port }), 'metrics')).toEqual(['wrong']);
    await new Promise((resolve) => stranger.close(resolve));
    expect(saidOf(await examine({ SOTTOVOCE_METRICS_PORT: port }), 'metrics')).toMatch(/is free/);
    const env = { SOTTOVOCE_METRICS_PORT: port };
    const measured = await startRelay({ env });
    onTestFinished(measured.stop);
    const { findings } = await answerOf(['doctor'], { dataDir: measured.dataDir, port: measured.port, env });
    expect(saidOf(findings as Finding[], 'metrics')).toMatch(/are served/);
    expect(saidOf(await examine({ SOTTOVOCE_METRICS_PORT: String(relay.port) }), 'settings')).toMatch(
      /^SOTTOVOCE_METRICS_PORT must be another/,
    );
  });

  it('R40, R45: a relay that hangs is told within seconds, by commands and by doctor', async () => {
    process.kill(relay.pid, 'SIGSTOP');
    const [stats, findings] = await Promise.all([typeCommand(['stats'], { dataDir: relay.dataDir }), examine()]);
    process.kill(relay.pid, 'SIGCONT');
    expect(stats).toMatchObject({ code: 1, complained: 'The relay does not answer. Restart it.\n' });
    expect([...verdicts(findings, 'relay'), ...verdicts(findings, 'port')]).toEqual(['wrong', 'wrong']);
    expect(await answerOf(['stats'], { dataDir: relay.dataDir })).toMatchObject({ sockets: 0 });
  }, 20_000);

  it.each([
    [{ SOTTOVOCE_PORT: 'web' }, 'settings', 'wrong'],
    [{ SOTTOVOCE_PROT: '1' }, 'settings', 'warning'],
    [{ SOTTOVOCE_ORIGIN: 'http://chat.example.org' }, 'origin', 'warning'],
    [{ SOTTOVOCE_ORIGIN: 'https://chat.example.org' }, 'origin', 'ok'],
    [{ SOTTOVOCE_ORIGIN: 'https://chat.example.org' }, 'port', 'warning'],
    [{ SOTTOVOCE_MAX_SOCKETS: '1000000' }, 'open files', 'warning'],
    [{ SOTTOVOCE_MAX_SOCKETS: '10' }, 'open files', 'ok'],
  ])('R45: with %o, %s is %s', async (env, about, verdict) => {
    const told = await typeCommand(['doctor', '--json'], { dataDir: relay.dataDir, env: { SOTTOVOCE_PORT: String(relay.port), ...env } });
    expect(verdicts((JSON.parse(told.said) as { findings: Finding[] }).findings, about)).toEqual([verdict]);
  });

  it('R45: listening for everybody without an origin is warned of', async () => {
    await relay.kill('SIGTERM');
    expect(verdicts(await examine({ SOTTOVOCE_HOST: '0.0.0.0' }), 'origin')).toEqual(['warning']);
  });

  it('R45: a folder that others can open, that is not there, or is none', async () => {
    chmodSync(relay.dataDir, 0o755);
    expect(verdicts(await examine(), 'data folder')).toEqual(['warning']);
    expect(verdicts(await examine({}, [], join(folder, 'nothing')), 'data folder')).toEqual(['warning']);
    writeFileSync(join(folder, 'file'), '');
    expect(verdicts(await examine({}, [], join(folder, 'file')), 'data folder')).toEqual(['wrong']);
  });

  it('R45: a database that is damaged, of a newer relay, or no database', async () => {
    await relay.kill('SIGTERM');
    const database = new SqliteDatabase(join(relay.dataDir, 'relay.sqlite'));
    database.pragma('user_version = 99');
    database.close();
    expect(saidOf(await examine(), 'database')).toMatch(/written by a newer Sottovoce/);
    mkdirSync(join(folder, 'data'));
    writeFileSync(join(folder, 'data', 'relay.sqlite'), 'x'.repeat(8_192));
    expect(verdicts(await examine({}, [], join(folder, 'data')), 'database')).toEqual(['wrong']);
  });

  it('R45: a clock before this version, or before what was stored, is wrong', () => {
    const now = Date.UTC(2026, 10, 20);
    expect(clockFinding(now, undefined).verdict).toBe('ok');
    expect(clockFinding(now, now - 1).verdict).toBe('ok');
    expect(clockFinding(now, now + 1).verdict).toBe('wrong');
    expect(clockFinding(Date.UTC(2025, 11, 31), undefined).verdict).toBe('wrong');
  });

  it.each([
    ['rubbish', 'relay.hour is odd. It holds no hour.'],
    ['999999999', 'relay.hour is odd. By it the relay last ran at +11'],
    ['1', 'relay.hour is odd. By it the relay last ran at 1970-01-01T01:00'],
  ])('R45: "%s" in relay.hour is told with the clock', async (text, sentence) => {
    await relay.kill('SIGTERM');
    writeFileSync(join(relay.dataDir, 'relay.hour'), text);
    const findings = await examine();
    expect(verdicts(findings, 'clock')).toEqual(['ok', 'warning']);
    expect(saidOf(findings, 'clock')).toContain(sentence);
  });

  it('R45: a damaged lock is told, and a sound one is no news', async () => {
    await relay.kill('SIGTERM');
    expect(verdicts(await examine(), 'data folder')).toEqual(['ok']);
    writeFileSync(join(relay.dataDir, 'relay.lock'), 'x'.repeat(8_192));
    expect(saidOf(await examine(), 'data folder')).toContain('relay.lock is damaged.');
  });

  it('R45: no backup is wrong, an old one a warning', async () => {
    const backups = join(folder, 'backups');
    expect(verdicts(await examine({}, ['--backups', backups]), 'backups')).toEqual(['wrong']);
    await answerOf(['backup', backups], { dataDir: relay.dataDir });
    // On the same disk as the data, which is told too.
    expect(verdicts(await examine({}, ['--backups', backups]), 'backups')).toEqual(['ok', 'warning']);
    const [made = ''] = readdirSync(backups).map((name) => join(backups, name));
    expect(saidOf(await examine({}, ['--backups', backups]), 'backups')).toContain(`"sottovoce verify ${made}" reads them through.`);
    expect(saidOf(await examine({}, ['--backups', made]), 'backups')).toBe(`${made} is a backup itself.`);
    const manifest = join(backups, readdirSync(backups)[0] ?? '', 'manifest.json');
    const threeDaysAgo = new Date(Date.now() - 3 * 24 * 3_600_000).toISOString();
    writeFileSync(manifest, readFileSync(manifest, 'utf8').replace(/"madeAt": "[^"]*"/, `"madeAt": "${threeDaysAgo}"`));
    const late = await examine({}, ['--backups', backups]);
    expect(saidOf(late, 'backups')).toMatch(/^The last was made 3 days ago\. /);
    expect(verdicts(late, 'backups')).toEqual(['warning', 'warning']);
    truncateSync(join(made, 'relay.sqlite'), 100);
    expect(verdicts(await examine({}, ['--backups', backups]), 'backups')).toEqual(['wrong']);
  });

  it('R45: a relay with TLS of its own answers on its port, whatever name its certificate is for', async () => {
    // Trusted by nobody, and not for the address that it listens on.
    const { cert, key } = selfSigned(['localhost']);
    const env = { SOTTOVOCE_TLS_CERT: join(folder, 'cert.pem'), SOTTOVOCE_TLS_KEY: join(folder, 'key.pem') };
    writeFileSync(env.SOTTOVOCE_TLS_CERT, cert);
    writeFileSync(env.SOTTOVOCE_TLS_KEY, key);
    const { dataDir, port, stop } = await startRelay({ env });
    onTestFinished(stop);
    const findings = (await answerOf(['doctor'], { dataDir, port, env }))['findings'] as Finding[];
    expect(saidOf(findings, 'port')).toBe(`A relay answers on port ${port}.`);
    expect(verdicts(findings, 'certificate')).toEqual(['ok']);
    expect(saidOf(findings, 'origin')).toBe(`People type https://localhost:${port}, by the name in the certificate.`);
  });

  it('R45: files of a certificate that cannot be read are wrong', () => {
    writeFileSync(join(folder, 'cert.pem'), 'no certificate');
    expect(tlsFindings(join(folder, 'cert.pem'), join(folder, 'key.pem'), 'https://localhost', Date.now())).toMatchObject([
      { verdict: 'wrong' },
    ]);
  });
});
