import { afterEach, describe, expect, it } from 'vitest';
import { granted, login, post, register, registerMany } from '../support/relay-device.ts';
import { type LocalRelay, localRelay } from '../support/relay-in-process.ts';

let local: LocalRelay;
afterEach(() => local.close());

const refused = (code: string) => ({ ok: false, refusal: { code } });

describe('invites', () => {
  it('R25: a member makes invites for one, twenty at a time; an admin for up to fifty', async () => {
    local = await localRelay({ members: 2 });
    const { origin } = local;
    const [admin, member] = local.members.map(({ token }) => token);
    expect(await post(origin, 'invites/create', { uses: 2 }, member)).toMatchObject(refused('forbidden'));
    expect(await post(origin, 'invites/create', { uses: 51 }, admin)).toMatchObject(refused('bad_request'));
    for (let i = 0; i < 20; i++) await granted(origin, 'invites/create', {}, member);
    expect(await post(origin, 'invites/create', {}, member)).toMatchObject(refused('forbidden'));
    expect((await granted(origin, 'invites/list', {}, member)).invites).toHaveLength(20);
    expect((await post(origin, 'invites/create', { uses: 50 }, admin)).ok).toBe(true);
  });

  it('R25: an invite ends with its last use, its days, or its revocation', async () => {
    local = await localRelay({ members: 1 });
    const { origin } = local;
    const admin = local.members[0];
    const make = (body: { uses?: number; days?: number }) => granted(origin, 'invites/create', body, admin?.token);
    const valid = async (invite: string) => (await granted(origin, 'registration/check', { invite })).valid;

    const twice = await make({ uses: 2 });
    await register(origin, twice.invite, 'bob');
    expect(await valid(twice.invite)).toBe(true);
    await register(origin, twice.invite, 'carol');
    expect(await valid(twice.invite)).toBe(false);

    const revoked = await make({});
    const { invites } = await granted(origin, 'invites/list', {}, admin?.token);
    expect(invites).toMatchObject([{ usesLeft: 1, expiresAt: revoked.expiresAt }]);
    expect((await post(origin, 'invites/revoke', { id: invites[0]?.id ?? '' }, admin?.token)).ok).toBe(true);
    expect(await post(origin, 'invites/revoke', { id: invites[0]?.id ?? '' }, admin?.token)).toMatchObject(refused('not_found'));
    expect(await valid(revoked.invite)).toBe(false);

    const short = await make({ days: 1 });
    local.clock.advance(short.expiresAt - local.clock.now() - 1);
    expect(await valid(short.invite)).toBe(true);
    local.clock.advance(1);
    expect(await valid(short.invite)).toBe(false);
  });

  it('R25: a member sees and revokes his own alone; an admin all', async () => {
    local = await localRelay({ members: 3 });
    const { origin } = local;
    const [admin, bob, carol] = local.members.map(({ token }) => token);
    await granted(origin, 'invites/create', {}, bob);
    const id = (await granted(origin, 'invites/list', {}, bob)).invites[0]?.id ?? '';
    expect(await granted(origin, 'invites/list', {}, carol)).toEqual({ invites: [] });
    expect(await post(origin, 'invites/revoke', { id }, carol)).toMatchObject(refused('not_found'));
    expect((await granted(origin, 'invites/list', {}, admin)).invites).toMatchObject([{ id }]);
    expect((await post(origin, 'invites/revoke', { id }, admin)).ok).toBe(true);
  });

  it("R25: where invites are the admins', a member makes none", async () => {
    local = await localRelay({ config: { invitesBy: 'admins' } });
    const members = await registerMany(local.origin, local.firstInvite, 2);
    expect(await post(local.origin, 'invites/create', {}, members[1]?.token)).toMatchObject(refused('forbidden'));
    expect((await post(local.origin, 'invites/create', {}, members[0]?.token)).ok).toBe(true);
  });

  it('R26: the first invite is the same after a restart, until it is used', async () => {
    local = await localRelay();
    const first = local.firstInvite;
    local = await local.reopen();
    expect(local.firstInvite).toBe(first);
    const admin = await register(local.origin, first, 'alice');
    expect(await login(local.origin, admin)).toBeTypeOf('string');
    local = await local.reopen();
    expect(local.firstInvite).toBe('');
  });

  it('R46: what an admin makes and revokes is told in the log, without a name; what members do and what was refused is not', async () => {
    local = await localRelay({ members: 2 });
    const { origin, relay } = local;
    const [admin, member] = local.members;
    const before = (await relay.store.adminLog()).length;
    const rows = async () => (await relay.store.adminLog()).slice(before).map(({ act, target, by }) => ({ act, target, by }));
    await granted(origin, 'invites/create', {}, member?.token);
    const [ofMember] = (await granted(origin, 'invites/list', {}, member?.token)).invites;
    await granted(origin, 'invites/create', { uses: 2 }, admin?.token);
    const ofAdmin = (await granted(origin, 'invites/list', {}, admin?.token)).invites.find(({ id }) => id !== ofMember?.id);
    const made = { act: 'invite create', target: ofAdmin?.id, by: 'an admin' };
    expect(await rows()).toEqual([made]);
    expect((await post(origin, 'invites/revoke', { id: ofAdmin?.id ?? '' }, member?.token)).ok).toBe(false);
    await granted(origin, 'invites/revoke', { id: ofMember?.id ?? '' }, admin?.token);
    expect((await post(origin, 'invites/revoke', { id: ofMember?.id ?? '' }, admin?.token)).ok).toBe(false);
    await granted(origin, 'invites/create', {}, member?.token);
    const [again] = (await granted(origin, 'invites/list', {}, member?.token)).invites;
    await granted(origin, 'invites/revoke', { id: again?.id ?? '' }, member?.token);
    expect(await rows()).toEqual([made, { act: 'invite revoke', target: ofMember?.id, by: 'an admin' }]);
  });
});
