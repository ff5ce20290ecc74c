/** docs/limits.md against the code: every row is what the relay does, and everything the relay does has its row. */
import { randomBytes } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { HTTP_LIMITS } from '../../server/config/http-limits.ts';
import { RATES, type RateName } from '../../server/config/rates.ts';
import { SETTINGS } from '../../server/config/settings.ts';
import { MAX_PIECES_A_TURN, MAX_REQUESTS_A_TURN } from '../../server/plugins/haste.ts';
import { toBase64url } from '../../server/protocol/bytes.ts';
import { FRAME_TYPE } from '../../server/protocol/frame-layout.ts';
import { ROUTES, type Route } from '../../server/protocol/http.ts';
import { HELLO_TIMEOUT_MS, MAX_FRAME_BYTES } from '../../server/protocol/limits.ts';
import { groupAppendBytes, groupCreateBytes, groupReadBytes } from '../../server/protocol/signed-requests.ts';
import { ROUTE_RULES } from '../../server/routes/route-rules.ts';
import { addressOf, loginKeyPair, postRaw, prekeys, type RelayDevice, sha256 } from '../support/relay-device.ts';
import { type LocalRelay, localRelay } from '../support/relay-in-process.ts';
import { REQUEST_BODIES } from '../support/request-bodies.ts';
import { connect } from '../support/relay-socket.ts';

const PAPER = readFileSync(join(import.meta.dirname, '../../docs/limits.md'), 'utf8');

/** The rows of the table under a heading, cell by cell. */
function tableUnder(heading: string): string[][] {
  const section = PAPER.split(`\n## ${heading}\n`)[1]?.split('\n## ')[0] ?? '';
  const lines = section.split('\n').filter((line) => line.startsWith('| '));
  return lines.slice(1).map((line) => line.slice(2, -2).split(' | '));
}

const ratesIn = (cell = ''): string[] => [...cell.matchAll(/`([a-zA-Z]+)`/g)].map(([, name]) => name ?? '').sort();
const plain = (cell = ''): string => cell.replaceAll('`', '');
const number = (cell = ''): number => Number(cell.replaceAll(',', ''));

let local: LocalRelay;
let device: RelayDevice;
let other: RelayDevice;
let token: string;
/** Which buckets were asked since the last look, and whose they were. */
let asked: { rate: RateName; key: string }[] = [];

beforeAll(async () => {
  local = await localRelay({ members: 2 });
  ({ device, token } = local.members[0] as { device: RelayDevice; token: string });
  other = (local.members[1] as { device: RelayDevice }).device;
  const { limits } = local.relay;
  for (const method of ['waitFor', 'require', 'peek', 'charge'] as const) {
    const inner = limits[method] as (rate: RateName, key: string | number, cost?: number) => never;
    limits[method] = ((rate: RateName, key: string | number, cost?: number) => {
      asked.push({ rate, key: String(key) });
      return inner(rate, key, cost);
    }) as never;
  }
});
afterAll(() => local.close());

async function askedBy(act: () => Promise<unknown>): Promise<string[]> {
  asked = [];
  await act();
  return [...new Set(asked.map(({ rate }) => rate))].sort();
}

const text = (length: number) => toBase64url(new Uint8Array(randomBytes(length)));

/** A request for every route that comes as far as the route's last limit; what is then said does not matter here. */
function requests(): Record<Route, object> {
  const key = loginKeyPair();
  const { origin } = local;
  const groupId = text(32);
  const [accessKey, entry] = [toBase64url(key.publicKey), toBase64url(new Uint8Array(64))];
  const entryDigest = sha256(new Uint8Array(64));
  const sign = (bytes: Uint8Array) => toBase64url(key.signLogin(bytes));
  const [time, nonce] = [local.clock.now(), text(16)];
  const who = { accountId: device.accountId, deviceId: device.deviceId };
  return {
    ...REQUEST_BODIES,
    'login/challenge': who,
    login: { ...who, nonce: text(32), signature: text(64) },
    'prekeys/claim': { accountId: other.accountId, deviceIds: [other.deviceId] },
    'prekeys/add': { oneTimePrekeys: prekeys(50, 1) },
    'groups/create': { groupId, accessKey, entry, signature: sign(groupCreateBytes({ origin, groupId, accessKey, entryDigest })) },
    'groups/append': { groupId, version: 1, entry, signature: sign(groupAppendBytes({ origin, groupId, version: 1, entryDigest })) },
    'groups/read': { groupId, from: 0, time, nonce, signature: sign(groupReadBytes({ origin, groupId, from: 0, time, nonce })) },
  };
}

describe('docs/limits.md', () => {
  it('R28: every request meets the limits of its row, and no others', async () => {
    const rows = tableUnder('Requests');
    const bodies = requests();
    const found: string[][] = [];
    for (const route of Object.keys(ROUTES) as Route[]) {
      const auth = ROUTES[route].auth;
      const limits = await askedBy(() => postRaw(local.origin, route, JSON.stringify(bodies[route]), auth ? token : undefined));
      const common = ['addressRequest', ...(auth ? ['accountRequest'] : [])];
      expect(limits, route).toEqual(expect.arrayContaining(common));
      found.push([route, String(ROUTE_RULES[route].bodyBytes), ...limits.filter((name) => !common.includes(name))]);
    }
    const others = {
      'GET /v1/relay': '/v1/relay',
      'GET /healthz': '/healthz',
      'GET /readyz': '/readyz',
      'GET /': '/',
      'GET of any other path': '/nowhere',
    };
    for (const [name, path] of Object.entries(others)) {
      const limits = await askedBy(() => fetch(`${local.origin}${path}`));
      found.push([name, '0', ...limits.filter((name) => name !== 'addressRequest')]);
    }
    const written = rows.map(([name, body, limits]) => [plain(name), String(number(body)), ...ratesIn(limits)]);
    expect(written).toEqual(found);
  });

  it('R28: a token that is none is counted by address', async () => {
    expect(await askedBy(() => postRaw(local.origin, 'account/me', '{}', 'no.token.here'))).toEqual(['addressDenied', 'addressRequest']);
  });

  it('R28: every frame meets the limits of its row, and no others', async () => {
    const rows = new Map(tableUnder('Frames').map(([name, limits]) => [plain(name), ratesIn(limits)]));
    const types = Object.entries(FRAME_TYPE).flatMap(([name, type]) => (type < 0x80 ? [name] : []));
    expect([...rows.keys()]).toEqual(['upgrade', ...types, 'ping or pong of WebSocket']);
    let socket = await connect(local.origin, token);
    await socket.close();
    const greeting = await askedBy(async () => {
      await connect(local.origin, 'no.token.here').catch(() => undefined);
      socket = await connect(local.origin, token);
    });
    expect(greeting).toEqual([...(rows.get('upgrade') ?? []), ...(rows.get('hello') ?? [])].sort());
    await socket.expect('drained');
    const answered = async () => {
      socket.send({ type: 'ping', value: 1 });
      for (let frame = await socket.next(); frame.type !== 'pong'; ) frame = await socket.next();
    };
    const to = [addressOf(other)];
    const body = new Uint8Array(2_048);
    const acts: Record<string, () => Promise<unknown>> = {
      async submit() {
        socket.send({ type: 'submit', requestId: 1, envelopeId: new Uint8Array(randomBytes(16)), recipients: to, body });
        await socket.expect('accepted');
      },
      async ack() {
        socket.send({ type: 'ack', sequence: 0 });
        await answered();
      },
      async signal() {
        socket.send({ type: 'signal', recipients: to, body });
        await answered();
        // Whom it reaches is asked of the store, which does one thing after the other.
        await local.relay.store.resolve([]);
      },
      ping: answered,
      async 'ping or pong of WebSocket'() {
        const pong = new Promise((resolve) => socket.raw.once('pong', resolve));
        socket.raw.ping();
        await pong;
      },
    };
    for (const [name, act] of Object.entries(acts)) {
      const limits = await askedBy(act);
      // The ping that waits for a signal to be done asks for itself.
      const own = name === 'signal' ? limits.filter((rate) => rate !== 'deviceFrame') : limits;
      expect(own, name).toEqual(rows.get(name));
    }
    await socket.close();
  });

  it('R28: a rate is by what its name says', async () => {
    const row = (await local.relay.store.device(device.accountId, device.deviceId))?.row;
    const otherRow = (await local.relay.store.device(other.accountId, other.deviceId))?.row;
    const owner: Record<string, RegExp> = {
      address: /^127\.0\.0\.1$/,
      account: new RegExp(`^${device.accountId}$`),
      pair: new RegExp(`^${device.accountId}\\.${other.accountId}$`),
      target: new RegExp(`^(${other.accountId}|${otherRow})$`),
      device: new RegExp(`^${row}$`),
      group: /^[\w-]{43}$/,
    };
    asked = [];
    for (const [route, body] of Object.entries(requests()))
      await postRaw(local.origin, route, JSON.stringify(body), ROUTES[route as Route].auth ? token : undefined);
    const socket = await connect(local.origin, token);
    const recipients = [addressOf(other)];
    socket.send({ type: 'signal', recipients, body: new Uint8Array(2_048) });
    socket.send({ type: 'submit', requestId: 1, envelopeId: new Uint8Array(16), recipients, body: new Uint8Array(2_048) });
    for (let frame = await socket.next(); frame.type !== 'accepted'; ) frame = await socket.next();
    await socket.close();
    expect(asked.length).toBeGreaterThan(20);
    for (const { rate, key } of asked) expect(key, rate).toMatch(owner[/^[a-z]+/.exec(rate)?.[0] ?? ''] ?? /$^/);
  });

  it('R28: the rates are as written', () => {
    const written = tableUnder('Rates').map(([name, , burst, perSecond]) => [plain(name), number(burst), number(perSecond)]);
    expect(written).toEqual(Object.entries(RATES).map(([name, { burst, perSecond }]) => [name, burst, perSecond]));
  });

  it('R55, R56: bounds before anybody is known are as written', () => {
    const [sockets, ofAddress] = [Number(SETTINGS.maxSockets.fallback), Number(SETTINGS.maxSocketsPerAddress.fallback)];
    const written = Object.fromEntries(tableUnder('Before anybody is known').map(([bound = '', value]) => [plain(bound), number(value)]));
    expect(written).toMatchObject({
      'TCP connections': sockets + 1_000,
      'TCP connections of one address, when no trusted proxy stands between': ofAddress + 100,
      'request line and headers, bytes': HTTP_LIMITS.maxHeaderBytes,
      'time to the end of the headers, ms': HTTP_LIMITS.headersTimeoutMs,
      'time to the end of the body, ms': HTTP_LIMITS.requestTimeoutMs,
      'idle between two requests, ms': HTTP_LIMITS.keepAliveMs,
      'requests that a connection begins without waiting for answers': MAX_REQUESTS_A_TURN,
      'lines and packets of a connection that are read at once': MAX_PIECES_A_TURN,
      sockets,
      'sockets of one address': ofAddress,
      'time to hello, ms': HELLO_TIMEOUT_MS,
      'a frame, bytes': MAX_FRAME_BYTES,
      'a message, bytes': 2 * MAX_FRAME_BYTES,
    });
  });
});
