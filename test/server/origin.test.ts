import { afterEach, describe, expect, it } from 'vitest';
import { login, register } from '../support/relay-device.ts';
import { ask, openRaw, requestText, UPGRADE } from '../support/raw-connection.ts';
import { type LocalRelay, localRelay } from '../support/relay-in-process.ts';

let local: LocalRelay;
afterEach(() => local.close());

const PLACE = 'https://chat.example.org';
const CHALLENGE = JSON.stringify({ accountId: Buffer.alloc(32).toString('base64url'), deviceId: 1 });
const FORBIDDEN = '{"error":{"code":"forbidden"}}';

const upgrade = (headers: Record<string, string>) => ask(local.origin, { path: '/v1/socket', headers: { ...UPGRADE, ...headers } });
const post = (headers: Record<string, string>) =>
  ask(local.origin, {
    method: 'POST',
    path: '/v1/login/challenge',
    headers: { 'content-type': 'application/json', ...headers },
    body: CHALLENGE,
  });

describe("another site's page", () => {
  it.each([
    'https://evil.example',
    'https://chat.example.org.evil.example',
    'http://chat.example.org',
    'https://chat.example.org:8443',
    'null',
    '',
  ])('R54: with Origin "%s" opens no socket and sends no request', async (origin) => {
    local = await localRelay({ config: { origin: PLACE } });
    expect(await upgrade({ origin })).toMatchObject({ status: 403, body: FORBIDDEN });
    expect(await post({ origin })).toMatchObject({ status: 403, body: FORBIDDEN });
  });

  it('R54: our own page does both, and so does what is no browser', async () => {
    local = await localRelay({ config: { origin: PLACE } });
    for (const headers of [{ origin: PLACE }, {}] as Record<string, string>[]) {
      expect((await upgrade(headers)).status).toBe(101);
      expect((await post(headers)).status).toBe(200);
    }
  });

  it('R54: without a setting the origin is localhost with the port', async () => {
    local = await localRelay();
    expect((await upgrade({ origin: local.origin })).status).toBe(101);
    expect((await upgrade({ origin: 'http://localhost:1' })).status).toBe(403);
    expect((await upgrade({ origin: 'http://localhost' })).status).toBe(403);
  });

  it.each([
    ['cross-site', 403],
    ['same-site', 403],
    ['same-origin', 200],
    ['none', 200],
  ])('R54: what a browser calls %s is answered with %i, also with a good token', async (site, status) => {
    local = await localRelay();
    expect((await post({ 'sec-fetch-site': site })).status).toBe(status);
    const token = await login(local.origin, await register(local.origin, local.firstInvite, 'anna'));
    const headers = { 'content-type': 'application/json', authorization: `Bearer ${token}`, 'sec-fetch-site': site };
    expect((await ask(local.origin, { method: 'POST', path: '/v1/account/me', headers, body: '{}' })).status).toBe(status);
  });

  it('R54: links from other sites lead to the page, and say nothing else', async () => {
    local = await localRelay();
    const page = await ask(local.origin, { path: '/v1/relay', headers: { 'sec-fetch-site': 'cross-site' } });
    expect([page.status, page.headers.get('cross-origin-resource-policy'), page.headers.has('access-control-allow-origin')]).toEqual([
      200,
      'same-origin',
      false,
    ]);
    const preflight = { origin: 'https://evil.example', 'access-control-request-method': 'POST' };
    const answer = await ask(local.origin, { method: 'OPTIONS', path: '/v1/login', headers: preflight });
    expect([answer.status, answer.headers.has('access-control-allow-origin')]).toEqual([403, false]);
  });
});

describe('a name that is not ours', () => {
  it.each(['evil.example', 'evil.example:8787', 'localhost.evil.example', '127.0.0.1.evil.example', 'xn--', 'a b', '@localhost', ''])(
    'R54: "%s" is answered nothing, be it the page, a request or a socket (DNS rebinding)',
    async (host) => {
      local = await localRelay();
      for (const path of ['/', '/v1/relay']) {
        const { status, body } = await ask(local.origin, { path, headers: { host } });
        expect([403, 400]).toContain(status);
        expect(body).not.toContain('sottovoce');
      }
      expect([403, 400]).toContain((await post({ host })).status);
      expect([403, 400]).toContain((await upgrade({ host })).status);
    },
  );

  it.each(['localhost', 'localhost:9', 'LOCALHOST', '127.0.0.1', '127.0.0.1:8787', '[::1]:8787', '192.168.1.5'])(
    'R54: "%s" cannot be made to point elsewhere, and is answered',
    async (host) => {
      local = await localRelay();
      expect((await ask(local.origin, { path: '/v1/relay', headers: { host } })).status).toBe(200);
    },
  );

  it('R54: with an origin set, its name is ours', async () => {
    local = await localRelay({ config: { origin: PLACE } });
    const statusAs = async (host: string, path: string) => (await ask(local.origin, { path, headers: { host } })).status;
    expect(await statusAs('chat.example.org', '/v1/relay')).toBe(200);
    expect(await statusAs('chat.example.org:443', '/v1/relay')).toBe(200);
    expect(await statusAs('www.chat.example.org', '/v1/relay')).toBe(403);
    expect(await statusAs('relay', '/healthz')).toBe(200);
  });
});

describe('an upgrade', () => {
  it.each(['/', '/healthz', '/v1/relay', '/v1/login', '/nowhere', '/v1/socket/'])(
    'R54: at %s is refused and ends the connection',
    async (path) => {
      local = await localRelay();
      const connection = await openRaw(local.origin);
      connection.write(requestText({ path, headers: UPGRADE }));
      expect((await connection.answer()).status).toBe(400);
      await connection.closed;
    },
  );

  it('R54: to anything but a WebSocket is refused and ends the connection', async () => {
    local = await localRelay();
    const connection = await openRaw(local.origin);
    connection.write(requestText({ path: '/v1/socket', headers: { ...UPGRADE, upgrade: 'h2c' } }));
    expect((await connection.answer()).status).toBe(400);
    await connection.closed;
  });
});
