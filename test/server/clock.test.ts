import { randomBytes } from 'node:crypto';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { RATES } from '../../server/config/rates.ts';
import { rateLimits } from '../../server/relay/rate-limit.ts';
import { dumpDatabase } from '../support/dump-database.ts';
import { manualClock } from '../support/manual-clock.ts';
import { addressOf, granted, login, type RelayDevice } from '../support/relay-device.ts';
import { type LocalRelay, localRelay } from '../support/relay-in-process.ts';
import { connect } from '../support/relay-socket.ts';

const HOUR_MS = 3_600_000;
const DAY_MS = 24 * HOUR_MS;

let local: LocalRelay;
beforeEach(async () => {
  local = await localRelay({ members: 2 });
});
afterEach(() => local.close());

const device = (index: number): RelayDevice => local.members[index]?.device as RelayDevice;

async function submit(envelopeId = new Uint8Array(randomBytes(16))): Promise<void> {
  const socket = await connect(local.origin, await login(local.origin, device(0)));
  await socket.expect('drained');
  socket.send({ type: 'submit', requestId: 1, envelopeId, recipients: [addressOf(device(1))], body: new Uint8Array(2_048) });
  await socket.expect('accepted');
  await socket.close();
}

const waiting = () => dumpDatabase(local.dataDir).find(({ name }) => name === 'waiting')?.rows.length;

/** Hours on the relay's clock, its work done in between and in each of the last: three timers are always set when it rests. */
async function pass(hours: number): Promise<void> {
  const last = Math.min(hours, 4);
  for (const step of [hours - last, ...new Array<number>(last).fill(1)]) {
    local.clock.advance(step * HOUR_MS);
    for (let turn = 0; turn < 1_000 && local.clock.pending() < 3; turn++) await fetch(`${local.origin}/healthz`);
    expect(local.clock.pending()).toBeGreaterThanOrEqual(3);
  }
}

describe.each([
  ['ahead', DAY_MS],
  ['back', -DAY_MS],
])('a clock that leaps a day %s', (_, leapMs) => {
  it('R39: leaves rate limits as they are', () => {
    const clock = manualClock();
    const limits = rateLimits(clock, 1);
    for (let i = 0; i < RATES.addressRegistration.burst; i++) expect(limits.waitFor('addressRegistration', 'a')).toBe(0);
    const waitMs = limits.waitFor('addressRegistration', 'a');
    clock.leap(leapMs);
    expect(limits.waitFor('addressRegistration', 'a')).toBe(waitMs);
    clock.advance(waitMs);
    expect(limits.waitFor('addressRegistration', 'a')).toBe(0);
  });

  it('R39: locks nobody out: a login under way succeeds, its nonce still serves once and a minute, and the next one succeeds too', async () => {
    const { accountId, deviceId } = device(0);
    const { loginNonces } = local.relay;
    const nonce = loginNonces.issue(accountId, deviceId);
    local.clock.leap(leapMs);
    expect(loginNonces.isOurs(nonce, accountId, deviceId)).toBe(true);
    expect([loginNonces.use(nonce), loginNonces.use(nonce)]).toEqual([true, false]);
    local.clock.advance(60_000);
    expect(loginNonces.isOurs(nonce, accountId, deviceId)).toBe(false);
    const token = await login(local.origin, device(0));
    local.clock.leap(-leapMs);
    const again = leapMs > 0 ? token : await login(local.origin, device(0));
    expect(await granted(local.origin, 'account/me', {}, again)).toMatchObject({ username: 'admin_0' });
  });

  it('R39: what was acknowledged a moment ago is still known', async () => {
    const envelopeId = new Uint8Array(randomBytes(16));
    const reader = await connect(local.origin, local.members[1]?.token ?? '');
    await reader.expect('drained');
    await submit(envelopeId);
    reader.send({ type: 'ack', sequence: (await reader.expect('deliver')).sequence });
    reader.send({ type: 'ping', value: 1 });
    await reader.expect('pong');
    await local.settle();
    local.clock.leap(leapMs);
    await submit(envelopeId);
    expect(waiting()).toBe(0);
  });

  it('R13, R39: an envelope stored meanwhile is kept thirty days all the same', async () => {
    local.clock.leap(leapMs);
    await submit();
    local.clock.leap(-leapMs);
    await pass(30 * 24);
    expect(waiting()).toBe(1);
    await pass(leapMs > 0 ? 26 : 2);
    expect(waiting()).toBe(0);
  });
});

describe('a clock that leaps a month ahead', () => {
  it('R39: drops nothing that waits, whether it comes back within the day', async () => {
    await submit();
    local.clock.leap(31 * DAY_MS);
    await pass(23);
    expect(waiting()).toBe(1);
    local.clock.leap(-31 * DAY_MS);
    await pass(3);
    local.clock.leap(31 * DAY_MS);
    await pass(23);
    expect(waiting()).toBe(1);
  });

  it('R39: or stands for a day, and then is believed', async () => {
    await submit();
    local.clock.leap(31 * DAY_MS);
    await pass(27);
    expect(waiting()).toBe(0);
  });

  it('R39: the same when it leapt while the relay was stopped; a short stop is no leap', async () => {
    await submit();
    const startAt = local.clock.now();
    local = await local.reopen({ startAt: startAt + 31 * DAY_MS });
    await pass(23);
    expect(waiting()).toBe(1);
    // Stopped before it was believed: the doubt begins anew.
    local = await local.reopen({ startAt: local.clock.now() });
    await pass(23);
    expect(waiting()).toBe(1);
    await pass(3);
    expect(waiting()).toBe(0);
    await submit();
    local = await local.reopen({ startAt: local.clock.now() + HOUR_MS });
    await pass(30 * 24 - 2);
    expect(waiting()).toBe(1);
    await pass(4);
    expect(waiting()).toBe(0);
  });
});
