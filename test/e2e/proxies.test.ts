// The relay behind the web servers of docs/deploy, wherever the machine that runs this has them. Origin and certificate are a proxy's.
import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { request as httpRequest } from 'node:http';
import { request as httpsRequest } from 'node:https';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { getCACertificates, setDefaultCACertificates } from 'node:tls';
import { afterEach, beforeAll, beforeEach, describe, expect, onTestFinished, test } from 'vitest';
import { canBuildHere } from '../../scripts/binary/executable.ts';
import { RATES } from '../../server/config/rates.ts';
import { MAX_FRAME_BYTES, MAX_GROUP_REQUEST_BYTES } from '../../server/protocol/limits.ts';
import { type LoneBinary, loneBinary, type Running } from '../support/lone-binary.ts';
import { freePort } from '../support/npm-start.ts';
import { acceptRequest, makeInvite } from '../support/page-acts.ts';
import { bubble, openRow, person, signUp, waitForStatus, write } from '../support/person-at-browser.ts';
import { login, register } from '../support/relay-device.ts';
import { connect } from '../support/relay-socket.ts';
import {
  configurationOf,
  type Ports,
  PROXY_KINDS,
  type ProxyKind,
  proxiesHere,
  type StartedProxy,
  startProxy,
} from '../support/proxies.ts';

const project = dirname(dirname(import.meta.dirname));
// Nothing but zeros.
const NOT_A_FRAME = 4426;
const TOO_LARGE = 4413;
const RESTARTING = 1012;
// A page's and its files' own; these a proxy adds or takes from one connection.
const OF_A_CONNECTION = ['connection', 'keep-alive', 'date', 'server', 'alt-svc', 'transfer-encoding', 'via'];

type Answer = { status: number; headers: Record<string, unknown>; body: Buffer };
type Asked = { method?: string; headers?: Record<string, string>; body?: string; from?: string; past?: boolean };

let alone: LoneBinary;
let ports: Ports;
let relay: Running;
let proxy: StartedProxy;
let origin: string;

async function started(): Promise<Running> {
  const relay = await alone.serve({ SOTTOVOCE_ORIGIN: origin, SOTTOVOCE_PORT: String(ports.relay) });
  if (!('origin' in relay)) throw new Error(`it ended with ${relay.code}: ${relay.complained}`);
  return relay;
}

/** Through the proxy, or past it to the relay; on a connection of its own. */
function ask(path: string, { method = 'GET', headers = {}, body = '', from = '127.0.0.1', past = false }: Asked = {}): Promise<Answer> {
  return new Promise((resolve, reject) => {
    const options = { method, headers, localAddress: from, agent: false as const, host: '127.0.0.1', path };
    const asked = past
      ? httpRequest({ ...options, port: ports.relay })
      : httpsRequest({ ...options, port: ports.https, servername: 'localhost' });
    asked.once('error', reject).once('response', (answer) => {
      const parts: Buffer[] = [];
      answer.on('data', (part: Buffer) => parts.push(part));
      answer.on('end', () => resolve({ status: answer.statusCode ?? 0, headers: answer.headers, body: Buffer.concat(parts) }));
    });
    asked.setHeader('host', `localhost:${ports.https}`);
    asked.end(body);
  });
}

const post = (path: string, body: unknown, asked: Asked = {}): Promise<Answer> =>
  ask(`/v1/${path}`, {
    ...asked,
    method: 'POST',
    body: typeof body === 'string' ? body : JSON.stringify(body),
    headers: { 'content-type': 'application/json', ...asked.headers },
  });

/** A device that is connected through the proxy. */
async function connected(): Promise<Awaited<ReturnType<typeof connect>>> {
  const invite = /\/#\/join\/([\w-]+)$/.exec(relay.inviteLink ?? '')?.[1] ?? '';
  return connect(origin, await login(origin, await register(origin, invite, 'anna')));
}

function behind(kind: ProxyKind): void {
  beforeEach(async () => {
    ports = { https: await freePort(), http: await freePort(), relay: await freePort() };
    origin = `https://localhost:${ports.https}`;
    alone = loneBinary();
    relay = await started();
    proxy = await startProxy(kind, ports);
    setDefaultCACertificates([...getCACertificates('bundled'), proxy.authority]);
  });
  afterEach(async () => {
    await proxy?.stop();
    await alone?.remove();
  });

  test('two people talk, and go on after a restart of the relay', async () => {
    const [anna, bert] = await Promise.all([person('anna', { https: 'localhost' }), person('bert', { https: 'localhost' })]);
    onTestFinished(async () => void (await Promise.all([anna.forget(), bert.forget()])));
    await signUp(anna, relay.inviteLink ?? '');
    await signUp(bert, await makeInvite(anna.page));
    await openRow(bert.page, 'anna');
    await write(bert.page, 'Is anybody behind the wall?');
    await acceptRequest(anna.page, 'bert');
    await bubble(anna.page, 'Is anybody behind the wall?').waitFor();
    await write(anna.page, 'I am, and I hear you');
    await bubble(bert.page, 'I am, and I hear you').waitFor();

    expect((await relay.stop()).code).toBe(0);
    relay = await started();
    await write(anna.page, 'There was a pause');
    await bubble(bert.page, 'There was a pause').waitFor();
    await waitForStatus(anna.page, 'There was a pause', 'Read');
    expect([...anna.complaints, ...bert.complaints]).toEqual([]);
  });

  test('R29: every header and every byte of the relay arrive as it sent them', async () => {
    const own = ({ headers }: Answer): Record<string, unknown> =>
      Object.fromEntries(Object.entries(headers).filter(([name]) => !OF_A_CONNECTION.includes(name)));
    const script = /src="(\/assets\/[^"]+\.js)"/.exec((await ask('/')).body.toString())?.[1] ?? '';
    for (const path of ['/', script, '/v1/relay', '/nothing/here'])
      for (const encoding of ['identity', 'gzip', 'br']) {
        const headers = { 'accept-encoding': encoding };
        const [direct, through] = [await ask(path, { headers, past: true }), await ask(path, { headers })];
        expect([path, encoding, through.status, own(through)]).toEqual([path, encoding, direct.status, own(direct)]);
        expect(through.body.equals(direct.body)).toBe(true);
        expect(through.headers).toMatchObject({
          'strict-transport-security': expect.stringMatching(/^max-age=\d{8}$/),
          'content-security-policy': expect.stringContaining("default-src 'none'"),
        });
      }
  });

  test('R28: limits are by the address of the visitor, whatever he claims it to be', async () => {
    const guess = (from: string, headers: Record<string, string> = {}): Promise<number> =>
      post('registration/check', { invite: 'A'.repeat(27) }, { from, headers }).then(({ status }) => status);
    const { burst } = RATES.addressRegistration;
    for (let count = 0; count < burst; count++) expect(await guess('127.0.0.2')).toBe(200);
    const claims = ['x-forwarded-for', 'x-real-ip', 'x-client-ip', 'true-client-ip'].map((name) => ({ [name]: '192.0.2.7' }));
    for (const claim of [{}, ...claims, { 'x-forwarded-for': '192.0.2.8, 127.0.0.1' }, { forwarded: 'for=192.0.2.9' }])
      expect([claim, await guess('127.0.0.2', claim)]).toEqual([claim, 429]);
    expect(await guess('127.0.0.3')).toBe(200);
  });

  test.each([
    [0, NOT_A_FRAME],
    [1, TOO_LARGE],
  ])('the longest request and the longest frame (and %i more) reach the relay, which answers', async (length, expected) => {
    const body = (length: number): string => `{"x":"${'x'.repeat(length - 8)}"}`;
    const code = async (length: number): Promise<unknown> => JSON.parse((await post('groups/create', body(length))).body.toString());
    expect(await code(MAX_GROUP_REQUEST_BYTES)).toEqual({ error: { code: 'bad_request' } });
    expect(await code(MAX_GROUP_REQUEST_BYTES + 1)).toEqual({ error: { code: 'too_large' } });
    const { raw, closed } = await connected();
    raw.send(new Uint8Array(MAX_FRAME_BYTES + length));
    expect(await closed).toBe(expected);
  });

  test('R37: whoever is connected hears that the relay restarts', async () => {
    const { closed } = await connected();
    await relay.stop();
    expect(await closed).toBe(RESTARTING);
  });
}

test.each(PROXY_KINDS)('the text for %s in docs/deploy leads to the relay, by the names and ports that it gives', (kind) => {
  const folder = mkdtempSync(join(tmpdir(), 'sottovoce-proxy-text-'));
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
  const text = configurationOf(kind, folder, { https: 10_443, http: 10_080, relay: 18_787 });
  expect(text.match(/127\.0\.0\.1:18787/g)).toHaveLength(1);
  for (const port of ['10443', '10080']) expect(text).toContain(port);
  expect(text).not.toContain('chat.example.org');
});

describe.each(canBuildHere() ? proxiesHere() : [])('behind %s', (kind) => {
  beforeAll(() => {
    const { status, stderr } = spawnSync(process.execPath, ['scripts/binary/main.ts'], { cwd: project, encoding: 'utf8' });
    if (status !== 0) throw new Error(stderr);
  });
  behind(kind);
});
