import { randomBytes } from 'node:crypto';
import { jwtVerify, decodeJwt, decodeProtectedHeader, importJWK } from 'jose';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { fromBase64url, toBase64url } from '../../server/protocol/bytes.ts';
import { loginBytes } from '../../server/protocol/signed-requests.ts';
import { dumpDatabase } from '../support/dump-database.ts';
import { granted, listEntryBytes, login, newRegistration, post, recordBytes, register } from '../support/relay-device.ts';
import { type LocalRelay, localRelay } from '../support/relay-in-process.ts';

let local: LocalRelay;
beforeEach(async () => {
  local = await localRelay();
});
afterEach(() => local.close());

const refused = (code: string) => ({ ok: false, refusal: { code } });
const rows = (table: string) => dumpDatabase(local.dataDir).find(({ name }) => name === table)?.rows ?? [];

describe('registration', () => {
  it('R15, R26: the first invite makes an admin, once; without another invite nobody follows', async () => {
    const { origin, firstInvite } = local;
    const first = newRegistration(origin, firstInvite, 'alice');
    expect(await granted(origin, 'registration/create', first.body)).toEqual({ accountId: first.device.accountId, role: 'admin' });
    expect(await local.relay.firstInvite()).toBeUndefined();
    expect(await post(origin, 'registration/create', newRegistration(origin, firstInvite, 'bob').body)).toMatchObject(
      refused('invite_invalid'),
    );
    const guess = toBase64url(randomBytes(20));
    expect(await post(origin, 'registration/create', newRegistration(origin, guess, 'bob').body)).toMatchObject(refused('invite_invalid'));
    expect(await granted(origin, 'registration/check', { invite: firstInvite })).toEqual({ valid: false });
  });

  it('R15: the same request again, its answer lost, is answered the same and makes nothing new', async () => {
    const { body } = newRegistration(local.origin, local.firstInvite, 'alice');
    const answers = [await granted(local.origin, 'registration/create', body), await granted(local.origin, 'registration/create', body)];
    expect(answers[1]).toEqual(answers[0]);
    expect(rows('accounts')).toHaveLength(1);
    expect(rows('devices')).toHaveLength(1);
  });

  it('R15: a taken name is refused and the invite stays unused; names are checked only with an open invite', async () => {
    const { origin } = local;
    const admin = await register(origin, local.firstInvite, 'alice');
    const { invite } = await granted(origin, 'invites/create', {}, await login(origin, admin));
    expect(await granted(origin, 'registration/username', { invite, username: 'alice' })).toEqual({ available: false });
    expect(await granted(origin, 'registration/username', { invite, username: 'alicia' })).toEqual({ available: true });
    expect(await post(origin, 'registration/username', { invite: local.firstInvite, username: 'alice' })).toMatchObject(
      refused('invite_invalid'),
    );
    expect(await post(origin, 'registration/create', newRegistration(origin, invite, 'alice').body)).toMatchObject(
      refused('username_taken'),
    );
    expect(await granted(origin, 'registration/check', { invite })).toEqual({ valid: true });
  });

  it('R15: records of another account, another device, a later list or a foreign signature are refused', async () => {
    const { origin, firstInvite } = local;
    const { body, device, loginKey } = newRegistration(origin, firstInvite, 'alice');
    const other = newRegistration(origin, firstInvite, 'alice');
    const { accountId, deviceId } = device;
    const bad = {
      'another genesis': { genesis: other.body.genesis },
      'another record': { deviceRecord: other.body.deviceRecord },
      'another list': { deviceList: other.body.deviceList },
      'a second version': { deviceList: toBase64url(listEntryBytes(accountId, 2, [deviceId])) },
      'two devices': { deviceList: toBase64url(listEntryBytes(accountId, 1, [deviceId, 5])) },
      'a record of another device': { deviceRecord: toBase64url(recordBytes({ accountId, deviceId: 5, loginKey, sequence: 1 })) },
      'another signature': { signature: other.body.signature },
      'a prekey id twice': { oneTimePrekeys: [...body.oneTimePrekeys.slice(0, 1), ...body.oneTimePrekeys.slice(0, 1)] },
    };
    for (const [what, change] of Object.entries(bad)) {
      const result = await post(origin, 'registration/create', { ...body, ...change });
      expect(result.ok ? 'granted' : result.refusal.code, what).toMatch(/^(bad_request|unauthorized)$/);
    }
    expect(rows('accounts')).toHaveLength(0);
    expect((await post(origin, 'registration/create', body)).ok).toBe(true);
  });

  it('R15, R27: nothing on the disk links the new account with its invite or with who invited', async () => {
    const { origin } = local;
    const admin = await register(origin, local.firstInvite, 'alice');
    const { invite } = await granted(origin, 'invites/create', {}, await login(origin, admin));
    expect(rows('invites')).toHaveLength(1);
    await register(origin, invite, 'bob');
    expect(rows('invites')).toHaveLength(0);
  });
});

describe('login', () => {
  it('R16: a nonce serves once, for its device alone, for sixty seconds', async () => {
    const { origin } = local;
    const alice = await register(origin, local.firstInvite, 'alice');
    const { accountId, deviceId } = alice;
    const sign = (nonce: string, change: { origin?: string; protocol?: number } = {}) =>
      toBase64url(alice.signLogin(loginBytes({ protocol: 1, origin, accountId, deviceId, nonce, ...change })));
    const challenge = async () => (await granted(origin, 'login/challenge', { accountId, deviceId })).nonce;
    const attempt = (nonce: string, signature = sign(nonce)) => post(origin, 'login', { accountId, deviceId, nonce, signature });

    const nonce = await challenge();
    expect((await attempt(nonce)).ok).toBe(true);
    expect(await attempt(nonce)).toMatchObject(refused('unauthorized'));
    expect(await attempt(toBase64url(randomBytes(32)))).toMatchObject(refused('unauthorized'));
    const foreign = (await granted(origin, 'login/challenge', { accountId, deviceId: 5 })).nonce;
    expect(await attempt(foreign)).toMatchObject(refused('unauthorized'));
    const other = await challenge();
    expect(await attempt(other, sign(other, { origin: 'https://elsewhere.example' }))).toMatchObject(refused('unauthorized'));
    expect(await attempt(other, sign(other, { protocol: 2 }))).toMatchObject(refused('unauthorized'));
    expect((await attempt(other)).ok).toBe(true);
    const [late, justInTime] = [await challenge(), await challenge()];
    local.clock.advance(59_999);
    expect((await attempt(justInTime)).ok).toBe(true);
    local.clock.advance(1);
    expect(await attempt(late)).toMatchObject(refused('unauthorized'));
  });

  it('R17: a token is EdDSA for this origin, lives ten minutes, and no other is taken', async () => {
    const { origin } = local;
    const alice = await register(origin, local.firstInvite, 'alice');
    const token = await login(origin, alice);
    expect(decodeProtectedHeader(token).alg).toBe('EdDSA');
    expect(decodeJwt(token)).toMatchObject({ aud: origin, sub: alice.accountId });
    const { accountId } = alice;
    expect(await granted(origin, 'account/me', {}, token)).toEqual({ accountId, username: 'alice', role: 'admin', devices: 1 });
    const encode = (value: object) => toBase64url(new TextEncoder().encode(JSON.stringify(value)));
    const claims = encode({ ...decodeJwt(token), row: 2 });
    const forged = [
      `${encode({ alg: 'none' })}.${claims}.`,
      token.slice(0, -4),
      `${token.split('.')[0]}.${claims}.${token.split('.')[2]}`,
      'x.y.z',
    ];
    for (const one of forged) expect(await post(origin, 'account/me', {}, one), one).toMatchObject(refused('unauthorized'));
    local.clock.advance(10 * 60_000);
    expect(await post(origin, 'account/me', {}, token)).toMatchObject(refused('unauthorized'));
  });

  it('R17: a restart ends every token', async () => {
    const alice = await register(local.origin, local.firstInvite, 'alice');
    const token = await login(local.origin, alice);
    local = await local.reopen();
    expect(await post(local.origin, 'account/me', {}, token)).toMatchObject(refused('unauthorized'));
  });
});

describe('accounts', () => {
  it("R18: are found by exact name, fetched by id, with a certificate by the relay's published key", async () => {
    const { origin } = local;
    const registration = newRegistration(origin, local.firstInvite, 'alice');
    await granted(origin, 'registration/create', registration.body);
    const token = await login(origin, registration.device);
    const { account } = await granted(origin, 'accounts/find', { username: 'alice' }, token);
    const { accountId } = registration.device;
    const { genesis, deviceList } = registration.body;
    expect(account).toMatchObject({ accountId, username: 'alice', genesis, rotations: [], deviceList: [deviceList] });
    expect(await granted(origin, 'accounts/fetch', { accountId }, token)).toMatchObject({ account: { username: 'alice' } });
    expect((await granted(origin, 'accounts/fetch', { accountId, knownListVersion: 1 }, token)).account?.deviceList).toEqual([]);
    expect(await granted(origin, 'accounts/find', { username: 'alic' }, token)).toEqual({ account: null });
    const info = (await (await fetch(`${origin}/v1/relay`)).json()) as { certificateKey: { kty: string; crv: string; x: string } };
    const key = await importJWK(info.certificateKey, 'EdDSA');
    const { certificate } = await granted(origin, 'certificate', {}, token);
    for (const jws of [certificate, account?.certificate ?? '']) {
      const { payload } = await jwtVerify(jws, key, { issuer: origin, algorithms: ['EdDSA'], currentDate: new Date(local.clock.now()) });
      expect(payload).toMatchObject({ sub: accountId, name: 'alice' });
      expect((payload.exp ?? 0) * 1_000 - local.clock.now()).toBe(7 * 24 * 3_600_000);
    }
  });

  it('enumerate-usernames (R15, R16, R18): whether an account exists shows nowhere without a token or an invite', async () => {
    const limited = await localRelay({ config: { rateFactor: 1 } });
    try {
      const { origin } = limited;
      const alice = await register(origin, limited.firstInvite, 'alice');
      const token = await login(origin, alice);
      const stranger = toBase64url(randomBytes(32));
      const shapes = [];
      for (const accountId of [alice.accountId, stranger]) {
        const challenge = await post(origin, 'login/challenge', { accountId, deviceId: alice.deviceId });
        const nonce = challenge.ok ? challenge.answer.nonce : '';
        expect(fromBase64url(nonce)).toHaveLength(32);
        shapes.push(await post(origin, 'login', { accountId, deviceId: alice.deviceId, nonce, signature: toBase64url(randomBytes(64)) }));
      }
      expect(shapes[0]).toEqual(shapes[1]);
      const invite = toBase64url(randomBytes(20));
      const names = ['alice', 'nobody'].map((username) => post(origin, 'registration/username', { invite, username }));
      const [taken, free] = await Promise.all(names);
      expect(taken).toEqual(free);
      // With a token a name is found only whole, and a dictionary runs into the limit, whether its words are names or not.
      const answers = [];
      for (let guess = 0; guess < 60; guess++) answers.push(await post(origin, 'accounts/find', { username: `guess_${guess}` }, token));
      expect(answers.filter((answer) => answer.ok)).toHaveLength(40);
      expect(answers.at(-1)).toMatchObject(refused('rate_limited'));
      expect(await post(origin, 'accounts/find', { username: 'alice' }, token)).toMatchObject(refused('rate_limited'));
    } finally {
      await limited.close();
    }
  });
});
