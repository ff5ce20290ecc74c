import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { granted, login, post, prekeys, register, registerMany } from '../support/relay-device.ts';
import { type LocalRelay, localRelay } from '../support/relay-in-process.ts';

let local: LocalRelay;
beforeEach(async () => {
  local = await localRelay();
});
afterEach(() => local.close());

async function targetWith(count: number) {
  const { origin } = local;
  const admin = await register(origin, local.firstInvite, 'admin_0');
  const { invite } = await granted(origin, 'invites/create', { uses: 50 }, await login(origin, admin));
  const target = await register(origin, invite, 'target', prekeys(1, count));
  const claimer = await register(origin, invite, 'claimer');
  return { target, targetToken: await login(origin, target), claimer: await login(origin, claimer) };
}

describe('one-time prekeys', () => {
  it('claim-race (R19): a hundred claims at once get a hundred different one-time prekeys, and the next gets none', async () => {
    const { origin } = local;
    const { target, claimer } = await targetWith(100);
    const claim = () => granted(origin, 'prekeys/claim', { accountId: target.accountId, deviceIds: [target.deviceId] }, claimer);
    const claims = await Promise.all(Array.from({ length: 100 }, claim));
    const ids = claims.map(({ bundles }) => bundles[0]?.oneTimePrekey?.id);
    expect(new Set(ids)).toEqual(new Set(Array.from({ length: 100 }, (_, index) => index + 1)));
    expect((await claim()).bundles).toMatchObject([{ deviceId: target.deviceId, oneTimePrekey: null }]);
  });

  it('R19: one-time prekeys are handed out by chance, so that ids do not count the claims of others', async () => {
    const { origin } = local;
    const { target, claimer } = await targetWith(40);
    const ids: number[] = [];
    for (let i = 0; i < 40; i++) {
      const { bundles } = await granted(origin, 'prekeys/claim', { accountId: target.accountId, deviceIds: [target.deviceId] }, claimer);
      ids.push(bundles[0]?.oneTimePrekey?.id ?? 0);
    }
    expect(ids).not.toEqual(ids.toSorted((one, other) => one - other));
  });

  it('R19: who wants records only takes no one-time prekey', async () => {
    const { origin } = local;
    const { target, targetToken, claimer } = await targetWith(2);
    const body = { accountId: target.accountId, deviceIds: [target.deviceId], recordsOnly: true };
    expect((await granted(origin, 'prekeys/claim', body, claimer)).bundles).toMatchObject([
      { deviceId: target.deviceId, oneTimePrekey: null },
    ]);
    expect(await granted(origin, 'prekeys/count', {}, targetToken)).toEqual({ count: 2 });
  });

  it('R19: a claim leaves out devices that are not listed and answers nothing for an unknown account', async () => {
    const { origin } = local;
    const { target, claimer } = await targetWith(2);
    const deviceIds = [target.deviceId, 5, target.deviceId];
    const { bundles } = await granted(origin, 'prekeys/claim', { accountId: target.accountId, deviceIds }, claimer);
    expect(bundles.map(({ deviceId, oneTimePrekey }) => [deviceId, oneTimePrekey?.id])).toEqual([
      [target.deviceId, expect.toBeOneOf([1, 2])],
    ]);
    const accountId = Buffer.alloc(32, 1).toString('base64url');
    expect(await granted(origin, 'prekeys/claim', { accountId, deviceIds: [1] }, claimer)).toEqual({ bundles: [] });
  });

  it('R20: a device fills up its own supply to 200; what it holds already keeps its key', async () => {
    const { origin } = local;
    const { target, targetToken, claimer } = await targetWith(3);
    expect(await granted(origin, 'prekeys/count', {}, targetToken)).toEqual({ count: 3 });
    const [first] = prekeys(1, 1);
    if (!first) throw new Error('one prekey');
    expect(await granted(origin, 'prekeys/add', { oneTimePrekeys: [first] }, targetToken)).toEqual({ count: 3 });
    const { bundles } = await granted(origin, 'prekeys/claim', { accountId: target.accountId, deviceIds: [target.deviceId] }, claimer);
    expect(bundles[0]?.oneTimePrekey?.publicKey).not.toBe(first.publicKey);
    for (const from of [100, 200, 300]) await granted(origin, 'prekeys/add', { oneTimePrekeys: prekeys(from, 100) }, targetToken);
    expect(await granted(origin, 'prekeys/count', {}, targetToken)).toEqual({ count: 200 });
    expect(await post(origin, 'prekeys/add', { oneTimePrekeys: prekeys(500, 101) }, targetToken)).toMatchObject({
      refusal: { code: 'bad_request' },
    });
  });

  it('R19: a claimer runs into his limit; a target under pressure keeps its supply and is still reached', async () => {
    const limited = await localRelay({ config: { rateFactor: 1 } });
    try {
      const { origin } = limited;
      const members = await registerMany(origin, limited.firstInvite, 4);
      const [target, ...claimers] = members;
      if (!target) throw new Error('members');
      await granted(origin, 'prekeys/add', { oneTimePrekeys: prekeys(100, 100) }, target.token);
      await granted(origin, 'prekeys/add', { oneTimePrekeys: prekeys(200, 97) }, target.token);
      const body = { accountId: target.device.accountId, deviceIds: [target.device.deviceId] };
      for (const { token } of claimers.slice(0, 2)) {
        for (let i = 0; i < 60; i++) await granted(origin, 'prekeys/claim', body, token);
        expect(await post(origin, 'prekeys/claim', body, token)).toMatchObject({ refusal: { code: 'rate_limited' } });
      }
      const { bundles } = await granted(origin, 'prekeys/claim', body, claimers[2]?.token);
      expect(bundles).toMatchObject([{ oneTimePrekey: null }]);
      expect(await granted(origin, 'prekeys/count', {}, target.token)).toEqual({ count: 80 });
    } finally {
      await limited.close();
    }
  });
});
