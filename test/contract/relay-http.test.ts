/** The relay adapter against the real relay, and against everything else that may answer at its address. */
import { createServer, type RequestListener } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterAll, beforeAll, describe, expect, it, onTestFinished } from 'vitest';
import { systemClock } from '../../client/adapters/system-clock.ts';
import { createWebSocketRelay } from '../../client/adapters/websocket-relay.ts';
import { RelayFailure } from '../../client/ports/relay.ts';
import { login, newRegistration } from '../support/relay-device.ts';
import { type RunningRelay, startRelay } from '../support/relay.ts';

const INVITE = `${'a'.repeat(26)}A`;
const VALID = '{"valid":true}';

function failure(code: string, retryAfterMs = 0) {
  return expect.objectContaining({ name: 'RelayFailure', code, retryAfterMs });
}

async function impostor(listener: RequestListener) {
  const server = createServer(listener);
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  onTestFinished(async () => {
    server.closeAllConnections();
    await new Promise((resolve) => server.close(resolve));
  });
  return createWebSocketRelay({ origin: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, clock: systemClock });
}

describe('requests to the real relay', () => {
  let running: RunningRelay;
  beforeAll(async () => {
    running = await startRelay();
  });
  afterAll(() => running.stop());

  it('carries an account from its invite to its own page', async () => {
    const relay = createWebSocketRelay({ origin: running.origin, clock: systemClock });
    expect(await relay.info()).toMatchObject({ name: 'sottovoce', origin: running.origin });
    const invite = running.firstInvite as string;
    expect(await relay.request('registration/check', { invite })).toEqual({ valid: true });
    const { body, device } = newRegistration(running.origin, invite, 'ann');
    expect(await relay.request('registration/create', body)).toEqual({ accountId: device.accountId, role: 'admin' });
    const token = await login(running.origin, device);
    expect(await relay.request('account/me', {}, token)).toMatchObject({ username: 'ann', devices: 1 });
    expect(await relay.request('accounts/find', { username: 'nobody' }, token)).toEqual({ account: null });
    await expect(relay.request('account/me', {})).rejects.toEqual(failure('unauthorized'));
    const taken = newRegistration(running.origin, (await relay.request('invites/create', {}, token)).invite, 'ann');
    await expect(relay.request('registration/create', taken.body)).rejects.toEqual(failure('username_taken'));
  });

  it('refuses a body outside its schema without asking', async () => {
    let asked = 0;
    const relay = await impostor((_, response) => {
      asked++;
      response.end('{}');
    });
    await expect(relay.request('registration/check', { invite: 'no invite at all' })).rejects.toEqual(failure('bad_request'));
    expect(asked).toBe(0);
  });
});

describe('what is no answer of a relay is offline', () => {
  it('nobody there', async () => {
    const relay = createWebSocketRelay({ origin: 'http://127.0.0.1:9', clock: systemClock });
    await expect(relay.info()).rejects.toBeInstanceOf(RelayFailure);
    await expect(relay.info()).rejects.toEqual(failure('offline'));
  });

  it.each<[string, RequestListener]>([
    ['a page', (_, response) => response.end('<html>Welcome to the airport</html>')],
    ['a proxy’s error', (_, response) => response.writeHead(502).end('Bad Gateway')],
    ['a redirect', (request, response) => elsewhere(request.url === '/elsewhere', response)],
    ['an unknown field', (_, response) => response.end('{"valid":true,"and":1}')],
    ['an unknown code', (_, response) => response.writeHead(400).end('{"error":{"code":"new_code"}}')],
    ['bytes that are no text', (_, response) => response.end(Uint8Array.of(0x22, 0xff, 0x22))],
    ['an end in the middle', (_, response) => response.writeHead(200).write('{"valid":', () => response.destroy())],
    ['more than an answer can be', (_, response) => response.end(VALID.padStart(4_194_305))],
  ])('%s', async (_, listener) => {
    const relay = await impostor(listener);
    await expect(relay.request('registration/check', { invite: INVITE })).rejects.toEqual(failure('offline'));
  });
});

function elsewhere(arrived: boolean, response: Parameters<RequestListener>[1]): void {
  if (arrived) response.end(VALID);
  else response.writeHead(307, { location: '/elsewhere' }).end();
}

it('reads the longest answer there may be', async () => {
  const relay = await impostor((_, response) => response.end(VALID.padStart(4_194_304)));
  expect(await relay.request('registration/check', { invite: INVITE })).toEqual({ valid: true });
});

it('hands on the code and the time a relay names', async () => {
  const relay = await impostor((_, response) => response.writeHead(429).end('{"error":{"code":"rate_limited","retryAfterMs":4500}}'));
  await expect(relay.request('registration/check', { invite: INVITE })).rejects.toEqual(failure('rate_limited', 4_500));
});
