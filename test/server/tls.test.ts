import { generateKeyPairSync, randomBytes, X509Certificate } from 'node:crypto';
import { mkdtempSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { connect as connectTls, getCACertificates, type SecureVersion, setDefaultCACertificates } from 'node:tls';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { originFinding } from '../../server/admin/doctor/network.ts';
import { readConfig } from '../../server/config/config.ts';
import { tlsFindings } from '../../server/admin/doctor/tls.ts';
import { openTls } from '../../server/plugins/tls.ts';
import { selfSigned, type TestCertificate } from '../support/certificate.ts';
import { manualClock } from '../support/manual-clock.ts';
import { addressOf, granted, type RelayDevice } from '../support/relay-device.ts';
import { type LocalRelay, localRelay } from '../support/relay-in-process.ts';
import { connect, type RelaySocket } from '../support/relay-socket.ts';
import { startRelay } from '../support/relay.ts';

const LOOK_EVERY_MS = 5_000;

let folder: string;
let paths: { tlsCert: string; tlsKey: string };
let env: Record<string, string>;

/** Puts files in place as renewals do, and has this process trust them. */
function place(certificate: Partial<TestCertificate>): void {
  for (const [path, text] of [
    [paths.tlsCert, certificate.cert],
    [paths.tlsKey, certificate.key],
  ] as const) {
    if (text === undefined) continue;
    writeFileSync(`${path}.new`, text);
    renameSync(`${path}.new`, path);
  }
}

function trusted(...names: string[]): TestCertificate {
  const certificate = selfSigned(names);
  setDefaultCACertificates([...getCACertificates('default'), certificate.cert]);
  return certificate;
}

/** The certificate that a new connection is shown. */
function shown(port: number, maxVersion: SecureVersion = 'TLSv1.3'): Promise<{ fingerprint: string; protocol: string | null }> {
  return new Promise((resolve, reject) => {
    const options = { port, host: 'localhost', servername: 'localhost', maxVersion, minVersion: 'TLSv1' as const };
    const socket = connectTls({ ...options, ciphers: 'DEFAULT@SECLEVEL=0', ALPNProtocols: ['h2', 'http/1.1'] }, () => {
      const fingerprint = socket.getPeerX509Certificate()?.fingerprint256 ?? '';
      resolve({ fingerprint, protocol: socket.alpnProtocol || null });
      socket.destroy();
    });
    socket.on('error', reject);
  });
}

/** Of another kind than those of the certificates here: a TLS context takes both without a word. */
function rsaKey(passphrase?: string): string {
  const { privateKey } = generateKeyPairSync('rsa', { modulusLength: 2_048 });
  const sealed = passphrase === undefined ? {} : { cipher: 'aes-256-cbc', passphrase };
  return privateKey.export({ type: 'pkcs8', format: 'pem', ...sealed }) as string;
}

const fingerprintOf = ({ cert }: TestCertificate): string => new X509Certificate(cert).fingerprint256;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'sottovoce-tls-'));
  paths = { tlsCert: join(folder, 'cert.pem'), tlsKey: join(folder, 'key.pem') };
  env = { SOTTOVOCE_TLS_CERT: paths.tlsCert, SOTTOVOCE_TLS_KEY: paths.tlsKey };
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

describe('TLS of its own', () => {
  let local: LocalRelay;
  let first: TestCertificate;
  let port: number;
  let alice: RelaySocket;
  let bob: RelaySocket;

  beforeEach(async () => {
    first = trusted('localhost');
    place(first);
    local = await localRelay({ members: 2, config: paths });
    port = Number(new URL(local.origin).port);
    alice = await connect(local.origin, local.members[0]?.token ?? '');
    bob = await connect(local.origin, local.members[1]?.token ?? '');
    for (const socket of [alice, bob]) await socket.expect('drained');
  });
  afterEach(() => local.close());

  async function exchange(): Promise<void> {
    const to = addressOf(local.members[1]?.device as RelayDevice);
    const body = new Uint8Array(randomBytes(2_048));
    alice.send({ type: 'submit', requestId: 1, envelopeId: new Uint8Array(randomBytes(16)), recipients: [to], body });
    await alice.expect('accepted');
    expect(Buffer.compare((await bob.expect('deliver')).body, body)).toBe(0);
  }
  function look(times: number): void {
    for (let i = 0; i < times; i++) local.clock.advance(LOOK_EVERY_MS);
  }

  it('R33: speaks https and wss, TLS 1.2 and 1.3, HTTP/1.1 alone, and its origin is the name in its certificate', async () => {
    expect(local.origin).toMatch(/^https:/);
    expect(local.relay.origin()).toBe(local.origin);
    await exchange();
    for (const version of ['TLSv1.2', 'TLSv1.3'] as const)
      expect(await shown(port, version)).toEqual({ fingerprint: fingerprintOf(first), protocol: 'http/1.1' });
    await expect(shown(port, 'TLSv1.1')).rejects.toThrow(/version/i);
    const { headers } = await fetch(`${local.origin}/v1/relay`);
    expect(headers.get('strict-transport-security')).toBe('max-age=31536000');
    expect(headers.get('content-security-policy')).toContain(`wss://localhost:${port}`);
    await expect(fetch(`http://localhost:${port}/healthz`)).rejects.toThrow();
  });

  it('R33: a new pair serves new connections when its files have stood still for one look, and open sockets live on', async () => {
    const second = trusted('localhost');
    place(second);
    look(1);
    expect((await shown(port)).fingerprint).toBe(fingerprintOf(first));
    look(1);
    expect((await shown(port)).fingerprint).toBe(fingerprintOf(second));
    await exchange();
    expect(await granted(local.origin, 'account/me', {}, local.members[0]?.token)).toMatchObject({ username: 'admin_0' });
  });

  it('R33: a pair that is broken, does not belong together or is gone changes nothing until it is whole', async () => {
    const second = trusted('localhost');
    for (const wrong of [
      { cert: second.cert },
      { cert: second.cert, key: rsaKey() },
      { cert: 'no certificate', key: second.key },
      { cert: second.cert.slice(0, 200) },
    ]) {
      place(wrong);
      look(3);
      expect((await shown(port)).fingerprint).toBe(fingerprintOf(first));
    }
    rmSync(paths.tlsKey);
    look(3);
    expect((await shown(port)).fingerprint).toBe(fingerprintOf(first));
    await exchange();
    place(second);
    look(2);
    expect((await shown(port)).fingerprint).toBe(fingerprintOf(second));
  });
});

describe('TLS of its own, in a process', () => {
  it('R33: SIGHUP reads the pair at once; one line says what became of it', async () => {
    const [first, second] = [trusted('localhost'), trusted('localhost')];
    place(first);
    const relay = await startRelay({ env: { ...env, SOTTOVOCE_LOG: 'info' } });
    try {
      expect(relay.origin).toBe(`https://localhost:${relay.port}`);
      place({ cert: second.cert });
      process.kill(relay.pid, 'SIGHUP');
      await relay.until(/the one before stays/);
      expect((await shown(relay.port)).fingerprint).toBe(fingerprintOf(first));
      place(second);
      process.kill(relay.pid, 'SIGHUP');
      await relay.until(/a new certificate is in place/);
      expect((await shown(relay.port)).fingerprint).toBe(fingerprintOf(second));
      expect(await relay.kill('SIGTERM')).toBe(0);
      for (const sentence of [/the one before stays/g, /a new certificate is in place/g])
        expect(relay.said().match(sentence)).toHaveLength(1);
      expect(relay.said()).not.toContain('BEGIN');
    } finally {
      await relay.stop();
    }
  });

  it('R33: the origin is the first DNS name that is no pattern, with its port, unless one is set', async () => {
    place(selfSigned(['*.example.org', 'chat.example.org', 'localhost']));
    const named = await localRelay({ config: paths });
    expect(named.relay.origin()).toBe(`https://chat.example.org:${new URL(named.origin).port}`);
    await named.close();
    const set = await localRelay({ config: { ...paths, origin: 'https://talk.example.org' } });
    expect(set.relay.origin()).toBe('https://talk.example.org');
    await set.close();
  });

  it('R33: a pair that does not serve ends the start with one sentence that quotes nothing of it', async () => {
    const { cert, key } = selfSigned(['localhost']);
    const pathOf = { cert: paths.tlsCert, key: paths.tlsKey };
    for (const [pair, sentence] of [
      [{ cert, key: selfSigned(['localhost']).key }, 'SOTTOVOCE_TLS_CERT and SOTTOVOCE_TLS_KEY are no pair: the key belongs to another'],
      [{ cert, key: rsaKey() }, 'SOTTOVOCE_TLS_CERT and SOTTOVOCE_TLS_KEY are no pair: the key belongs to another'],
      [{ cert: 'no certificate', key }, `There is no certificate in ${pathOf.cert}.`],
      [{ cert, key: 'no key' }, `There is no private key in ${pathOf.key}.`],
      [{ cert, key: rsaKey('open sesame') }, `The TLS key in ${pathOf.key} has a passphrase`],
    ] as const) {
      place(pair);
      const said = await startRelay({ env }).then(
        () => 'it started',
        (error: Error) => error.message,
      );
      expect(said).toContain(`ended with 1: ${sentence}`);
      expect(said).toMatch(/^[^\n]*\.\n$/);
      expect(said).not.toMatch(/ERR_|error:|sesame/);
      const [finding] = tlsFindings(paths.tlsCert, paths.tlsKey, 'https://localhost', Date.now());
      expect(finding).toMatchObject({ verdict: 'wrong', said: expect.stringContaining(sentence) });
    }
    expect(() => readConfig({ SOTTOVOCE_TLS_CERT: paths.tlsCert })).toThrow(/go together/);
    const pasted = () => readConfig({ SOTTOVOCE_TLS_CERT: paths.tlsCert, SOTTOVOCE_TLS_KEY: key });
    expect(pasted).toThrow(/^SOTTOVOCE_TLS_KEY must be the path of a PEM file, and it is something else\.$/);
  });

  it('R33: https of its own under an http origin is refused, and says what to set', () => {
    const set = { ...env, SOTTOVOCE_ORIGIN: 'http://chat.example.org' };
    expect(() => readConfig(set)).toThrow(/say https in SOTTOVOCE_ORIGIN, which is "http:\/\/chat\.example\.org"\.$/);
    expect(readConfig({ ...set, SOTTOVOCE_ORIGIN: 'https://chat.example.org' }).origin).toBe('https://chat.example.org');
  });

  it.each([
    ['it has ended', 'wrong', ['localhost'], -0.5, 'https://localhost'],
    ['it is not for the name that people type', 'warning', ['localhost'], 30, 'https://chat.example.org'],
    ['it is not for the name that people type', 'warning', ['localhost'], 30, 'https://192.0.2.1'],
  ] as const)(
    'R33, R45: a certificate that browsers will warn of (%s) serves, and one line and doctor say so',
    async (why, verdict, names, days, origin) => {
      place(selfSigned(names, days));
      const lines: string[] = [];
      const tls = openTls({ ...readConfig({}), ...paths, origin }, manualClock(Date.now()), {
        loaded: () => lines.push('loaded'),
        kept: () => lines.push('kept'),
        doubtful: (said) => lines.push(said),
      });
      tls?.watch(createServer());
      expect(lines).toEqual([expect.stringMatching(`^${why}`)]);
      tls?.reload();
      expect(lines).toEqual([expect.any(String), 'loaded', lines[0]]);
      expect(tlsFindings(paths.tlsCert, paths.tlsKey, origin, Date.now())).toMatchObject([{ verdict }]);
    },
  );

  it('R33: the line about a doubtful certificate is in the log of the relay; a good one is no news', async () => {
    place(selfSigned(['localhost'], -0.5));
    const relay = await startRelay({ env });
    await relay.until(/"why":"it has ended","msg":"browsers will warn of the certificate"/);
    await relay.kill('SIGTERM');
    expect(relay.said().match(/browsers will warn/g)).toHaveLength(1);
    place(selfSigned(['localhost']));
    await relay.restart();
    await relay.stop();
    expect(relay.said().match(/browsers will warn/g)).toHaveLength(1);
  });

  it('R45: where the certificate cannot be read, doctor claims no name from it', () => {
    place({ cert: 'no certificate', key: 'no key' });
    expect(originFinding({ ...readConfig({}), ...paths })).toMatchObject({
      verdict: 'warning',
      todo: expect.stringContaining('SOTTOVOCE_ORIGIN'),
    });
  });
});
