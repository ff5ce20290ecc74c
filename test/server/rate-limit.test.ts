import { describe, expect, it } from 'vitest';
import { RATES } from '../../server/config/rates.ts';
import { ProtocolError } from '../../server/protocol/errors.ts';
import { addressKey, rateLimits } from '../../server/relay/rate-limit.ts';
import { manualClock } from '../support/manual-clock.ts';
import { login, postRaw, register } from '../support/relay-device.ts';
import { localRelay } from '../support/relay-in-process.ts';
import { openSocket } from '../support/relay-socket.ts';

describe('rate limits', () => {
  it('R28: a bucket gives its burst, then fills at its rate, and says how long to wait', () => {
    const clock = manualClock();
    const limits = rateLimits(clock, 1);
    const { burst, perSecond } = RATES.deviceSignal;
    for (let i = 0; i < burst; i++) expect(limits.waitFor('deviceSignal', 1)).toBe(0);
    expect(limits.waitFor('deviceSignal', 1)).toBe(1_000 / perSecond);
    expect(limits.waitFor('deviceSignal', 2)).toBe(0);
    clock.advance(1_000 / perSecond - 1);
    expect(limits.waitFor('deviceSignal', 1)).toBe(1);
    clock.advance(1);
    expect(limits.waitFor('deviceSignal', 1)).toBe(0);
    clock.advance(3_600_000);
    for (let i = 0; i < burst; i++) expect(limits.waitFor('deviceSignal', 1)).toBe(0);
    expect(limits.waitFor('deviceSignal', 1)).toBeGreaterThan(0);
  });

  it('R28: what was refused costs nothing, and a dear request waits for its whole price', () => {
    const clock = manualClock();
    const limits = rateLimits(clock, 1);
    const { burst, perSecond } = RATES.accountClaim;
    expect(limits.waitFor('accountClaim', 'a', burst - 1)).toBe(0);
    expect(limits.waitFor('accountClaim', 'a', 20)).toBe((19 / perSecond) * 1_000);
    expect(limits.waitFor('accountClaim', 'a', 1)).toBe(0);
    expect(() => limits.require('accountClaim', 'a')).toThrow(ProtocolError);
  });

  it('R28: every request and socket of one address shares a bucket; others have their own', async () => {
    // Behind a trusted proxy, so that a test can come from several addresses.
    const local = await localRelay({ config: { rateFactor: 1, trustedProxies: ['loopback'] } });
    try {
      const statusFrom = async (address: string) =>
        (await fetch(`${local.origin}/v1/relay`, { headers: { 'x-forwarded-for': address } })).status;
      const { burst } = RATES.addressRequest;
      for (let i = 0; i < burst; i++) expect(await statusFrom('203.0.113.7')).toBe(200);
      expect(await statusFrom('203.0.113.7')).toBe(429);
      expect(await statusFrom('203.0.113.8')).toBe(200);
      for (let i = 0; i < burst; i++) await statusFrom('2001:db8:1:2::1');
      expect(await statusFrom('2001:db8:1:2:ffff::9')).toBe(429);
      expect(await statusFrom('2001:db8:1:3::1')).toBe(200);
    } finally {
      await local.close();
    }
  });

  it('R28: an address is believed only from a proxy that was named', async () => {
    const local = await localRelay({ config: { rateFactor: 1, trustedProxies: [] } });
    try {
      const statusFrom = async (address: string) =>
        (await fetch(`${local.origin}/v1/relay`, { headers: { 'x-forwarded-for': address } })).status;
      for (let i = 0; i < RATES.addressRequest.burst; i++) await statusFrom(`203.0.113.${i % 200}`);
      expect(await statusFrom('203.0.113.250')).toBe(429);
    } finally {
      await local.close();
    }
  });

  it('R28: guesses at invites and logins run dry', async () => {
    const local = await localRelay({ config: { rateFactor: 1 } });
    try {
      const alice = await register(local.origin, local.firstInvite, 'alice');
      await login(local.origin, alice);
      const invite = Buffer.alloc(20).toString('base64url');
      for (let i = 0; i < RATES.addressRegistration.burst - 1; i++)
        await postRaw(local.origin, 'registration/check', JSON.stringify({ invite }));
      const { status, json } = await postRaw(local.origin, 'registration/check', JSON.stringify({ invite }));
      expect([status, json]).toEqual([429, { error: { code: 'rate_limited', retryAfterMs: 5_000 } }]);
    } finally {
      await local.close();
    }
  });

  it('R28: sockets of one address are counted while they are open', async () => {
    const local = await localRelay({ config: { maxSocketsPerAddress: 2 } });
    try {
      const [first] = [await openSocket(local.origin), await openSocket(local.origin)];
      expect(await (await openSocket(local.origin)).closed).toBe(4429);
      await first?.close();
      const next = await openSocket(local.origin);
      next.send({ type: 'ping', value: 1 });
      expect(await next.closed).toBe(4400);
    } finally {
      await local.close();
    }
  });

  it.each([
    ['192.0.2.1', '192.0.2.1'],
    ['::ffff:192.0.2.1', '192.0.2.1'],
    ['2001:db8:1:2:3:4:5:6', '2001:db8:1:2'],
    ['2001:db8::1', '2001:db8:0:0'],
    ['::1', '0:0:0:0'],
  ])('R28: %s counts as %s', (address, key) => {
    expect(addressKey(address)).toBe(key);
  });
});
