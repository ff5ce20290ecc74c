import { afterEach, describe, expect, it } from 'vitest';
import { HTTP_LIMITS } from '../../server/config/http-limits.ts';
import { ask, openRaw, requestText, UPGRADE } from '../support/raw-connection.ts';
import { type LocalRelay, localRelay } from '../support/relay-in-process.ts';

let local: LocalRelay;
afterEach(() => local.close());

const QUICK = { headersTimeoutMs: 100, requestTimeoutMs: 200, checkEveryMs: 20, keepAliveMs: 20 };

const UNFINISHED: [string, string][] = [
  ['connects and says nothing', ''],
  ['stops in the request line', 'GET /v1/rel'],
  ['stops in its headers', 'GET /v1/relay HTTP/1.1\r\nHost: localhost\r\nX-Slow: 1\r\n'],
  ['stops in an upgrade', requestText({ path: '/v1/socket', headers: UPGRADE }).slice(0, -2)],
  [
    'announces a body and sends half of it',
    'POST /v1/login/challenge HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nContent-Length: 60\r\n\r\n{"accountId":',
  ],
  [
    'sends a body in chunks without an end',
    'POST /v1/login/challenge HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\n1\r\n{\r\n',
  ],
];

describe('a peer that dawdles', () => {
  it.each(UNFINISHED)('R55: who %s is cut off, and others are answered meanwhile', async (_what, text) => {
    local = await localRelay({ http: QUICK });
    const slow = await Promise.all(Array.from({ length: 20 }, () => openRaw(local.origin)));
    for (const connection of slow) connection.write(text);
    expect((await ask(local.origin, {})).status).toBe(200);
    await Promise.all(slow.map(({ closed }) => closed));
  });

  it('R55: who asks once and holds the connection is cut off', async () => {
    local = await localRelay({ http: QUICK });
    const connection = await openRaw(local.origin);
    connection.write(requestText({}));
    expect((await connection.answer()).status).toBe(200);
    await connection.closed;
  });

  it('R55: unless a test hands in others, these are the times', () => {
    const { headersTimeoutMs, requestTimeoutMs, checkEveryMs, keepAliveMs } = HTTP_LIMITS;
    expect([headersTimeoutMs, requestTimeoutMs, checkEveryMs, keepAliveMs]).toEqual([10_000, 15_000, 1_000, 60_000]);
  });
});

describe('a request out of its bounds', () => {
  const large = 'x'.repeat(HTTP_LIMITS.maxHeaderBytes);
  const json = { 'content-type': 'application/json' };
  const challenge = JSON.stringify({ accountId: Buffer.alloc(32).toString('base64url'), deviceId: 1 });

  it('R55: headers beyond 8 KiB are refused, in one and in many', async () => {
    local = await localRelay();
    const many = Object.fromEntries(Array.from({ length: 200 }, (_, index) => [`x-${index}`, 'y'.repeat(50)]));
    for (const headers of [{ 'x-large': large }, many]) expect((await ask(local.origin, { headers })).status).toBe(431);
    expect((await ask(local.origin, { path: `/${large}` })).status).toBe(431);
  });

  it('R55: an address of more than 256 characters is refused', async () => {
    local = await localRelay();
    const path = (length: number) => '/healthz?'.padEnd(length, 'x');
    expect((await ask(local.origin, { path: path(256) })).status).toBe(200);
    expect((await ask(local.origin, { path: path(257) })).status).toBe(400);
  });

  it("R55: a body beyond its route's bound is refused before it is read, and one of another type or compressed is no JSON", async () => {
    local = await localRelay();
    const post = async (headers: Record<string, string>, body: string) =>
      (await ask(local.origin, { method: 'POST', path: '/v1/login/challenge', headers, body })).status;
    expect(await post(json, challenge)).toBe(200);
    expect(await post({ ...json, 'content-length': '2049' }, '{')).toBe(413);
    expect(await post({ 'content-type': 'text/plain' }, challenge)).toBe(400);
    expect(await post({ 'content-type': 'application/x-www-form-urlencoded' }, challenge)).toBe(400);
    expect(await post({}, challenge)).toBe(400);
    expect(await post({ ...json, 'content-encoding': 'gzip' }, '\x1f\x8b\x08\x00')).toBe(400);
  });

  it.each([
    ['two lengths', 'POST /v1/login HTTP/1.1\r\nHost: localhost\r\nContent-Length: 2\r\nContent-Length: 3\r\n\r\n{}'],
    [
      'a length and chunks',
      'POST /v1/login HTTP/1.1\r\nHost: localhost\r\nContent-Length: 2\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n',
    ],
    ['no host', 'GET /v1/relay HTTP/1.1\r\n\r\n'],
    ['another protocol', 'SSH-2.0-OpenSSH_9.2\r\n'],
    ['a line feed in a header', 'GET /v1/relay HTTP/1.1\r\nHost: localhost\nX: y\r\n\r\n'],
  ])('R55: %s: refused', async (_what, text) => {
    local = await localRelay();
    const connection = await openRaw(local.origin);
    connection.write(text);
    expect((await connection.answer()).status).toBe(400);
    connection.close();
  });
});

describe('many connections', () => {
  it('R55: of one address only so many are held, and a place that is left is free', async () => {
    local = await localRelay({ config: { trustedProxies: [], maxSocketsPerAddress: 1 } });
    const held = [];
    for (let i = 0; i < 101; i++) held.push(await openRaw(local.origin));
    const over = await openRaw(local.origin);
    await over.closed;
    expect(held.some((connection) => connection.isClosed())).toBe(false);
    held[0]?.write(requestText({ headers: { connection: 'close' } }));
    expect((await held[0]?.answer())?.status).toBe(200);
    await held[0]?.closed;
    expect((await ask(local.origin, {})).status).toBe(200);
    for (const connection of held) connection.close();
  });

  it('R55: of one address only so many come in a second', async () => {
    local = await localRelay({ config: { trustedProxies: [], rateFactor: 0.05 } });
    for (let i = 0; i < 30; i++) (await openRaw(local.origin)).close();
    await (await openRaw(local.origin)).closed;
    local.clock.advance(1_000);
    const connection = await openRaw(local.origin);
    connection.write(requestText({}));
    expect((await connection.answer()).status).toBe(200);
    connection.close();
  });
});
