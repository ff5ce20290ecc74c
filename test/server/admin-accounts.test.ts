import { randomBytes } from 'node:crypto';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { sottovoce } from '../../server/cli/sottovoce.ts';
import { fromBase64url } from '../../server/protocol/bytes.ts';
import { answerOf, typeCommand } from '../support/command.ts';
import { dumpDatabase, placesOf } from '../support/dump-database.ts';
import { addressOf, granted, login, newRegistration, post, type RelayDevice, registerMany } from '../support/relay-device.ts';
import { connect } from '../support/relay-socket.ts';
import { type RunningRelay, startRelay } from '../support/relay.ts';

let relay: RunningRelay;
let admin: { device: RelayDevice; token: string };
let bert: { device: RelayDevice; token: string };
let cleo: { device: RelayDevice; token: string };
beforeEach(async () => {
  relay = await startRelay();
  const members = await registerMany(relay.origin, relay.firstInvite ?? '', 3);
  [admin, bert, cleo] = members as [typeof admin, typeof bert, typeof cleo];
});
afterEach(() => relay.stop());

const typed = () => ({ dataDir: relay.dataDir, port: relay.port });
const change = (act: string, name = 'member_1') => answerOf(['account', act, name], typed());
const refused = (code: string) => ({ ok: false, refusal: { code } });
const loginOf = (device: RelayDevice) => login(relay.origin, device).catch((error: Error) => error.message);

async function submit(to: RelayDevice): Promise<string> {
  const socket = await connect(relay.origin, cleo.token);
  await socket.expect('drained');
  const body = new Uint8Array(randomBytes(2_048));
  socket.send({ type: 'submit', requestId: 1, envelopeId: new Uint8Array(randomBytes(16)), recipients: [addressOf(to)], body });
  const answer = await socket.next();
  await socket.close();
  return answer.type === 'refused' ? answer.code : answer.type;
}

describe('accounts by command, the relay running', () => {
  it('R40: lists names, roles, devices and what waits; nothing of when', async () => {
    await submit(bert.device);
    const { accounts } = await answerOf(['account', 'list'], typed());
    expect(accounts).toEqual([
      { accountId: admin.device.accountId, username: 'admin_0', role: 'admin', disabled: false, devices: 1, envelopes: 0, bytes: 0 },
      { accountId: bert.device.accountId, username: 'member_1', role: 'member', disabled: false, devices: 1, envelopes: 1, bytes: 2_048 },
      { accountId: cleo.device.accountId, username: 'member_2', role: 'member', disabled: false, devices: 1, envelopes: 0, bytes: 0 },
    ]);
    expect((await typeCommand(['account', 'list'], typed())).said).toMatch(/^username +role +devices +waiting +size\n[\s\S]*2\.0 KiB/);
  });

  it('R42: disabled at once: the socket closes with 4403, token and login are revoked, invites are withdrawn; enabled, all waits', async () => {
    const { invite } = await granted(relay.origin, 'invites/create', {}, bert.token);
    const socket = await connect(relay.origin, bert.token);
    expect(await change('disable')).toMatchObject({ username: 'member_1', changed: true });
    expect(await socket.closed).toBe(4403);
    expect(await post(relay.origin, 'account/me', {}, bert.token)).toMatchObject(refused('revoked'));
    expect(await loginOf(bert.device)).toBe('login: 403 revoked');
    await expect(connect(relay.origin, bert.token)).rejects.toThrow('closed with 4403');
    expect(await post(relay.origin, 'registration/check', { invite })).toMatchObject({ answer: { valid: false } });
    expect(await change('disable')).toMatchObject({ changed: false });

    expect(await submit(bert.device)).toBe('accepted');
    expect(await granted(relay.origin, 'accounts/find', { username: 'member_1' }, cleo.token)).toMatchObject({
      account: { accountId: bert.device.accountId },
    });

    expect(await change('enable', bert.device.accountId)).toMatchObject({ username: 'member_1', changed: true });
    const again = await connect(relay.origin, await login(relay.origin, bert.device));
    expect(await again.next()).toMatchObject({ type: 'deliver', sequence: 1 });
  });

  it('R16, R42: a disabled account is told so only when the login key has signed', async () => {
    await change('disable');
    const wrong = { ...bert.device, signLogin: () => new Uint8Array(64) };
    expect(await loginOf(wrong)).toBe('login: 401 unauthorized');
  });

  it('R43: deleted with all it had, its socket closed; name and id never return', async () => {
    const { body } = newRegistration(relay.origin, (await granted(relay.origin, 'invites/create', {}, admin.token)).invite, 'dora');
    await granted(relay.origin, 'registration/create', body);
    const { accounts } = await answerOf(['account', 'list'], typed());
    const dora = (accounts as { username: string; accountId: string }[]).find(({ username }) => username === 'dora')?.accountId ?? '';
    await submit(bert.device);
    const socket = await connect(relay.origin, bert.token);
    expect(await typeCommand(['account', 'delete', 'member_1'], typed())).toMatchObject({
      code: 2,
      complained: 'This cannot be undone. Add --yes if it is meant.\n',
    });
    for (const name of ['member_1', 'dora'])
      expect(await answerOf(['account', 'delete', name, '--yes'], typed())).toMatchObject({ username: name, devices: 1 });
    expect(await socket.closed).toBe(4403);
    expect(await post(relay.origin, 'account/me', {}, bert.token)).toMatchObject(refused('unauthorized'));
    expect(await granted(relay.origin, 'accounts/find', { username: 'member_1' }, cleo.token)).toEqual({ account: null });
    expect(await submit(bert.device)).toBe('mismatched_devices');

    const { invite } = await granted(relay.origin, 'invites/create', { uses: 9 }, admin.token);
    expect(await granted(relay.origin, 'registration/username', { invite, username: 'member_1' })).toEqual({ available: false });
    expect(await post(relay.origin, 'registration/create', newRegistration(relay.origin, invite, 'member_1').body)).toMatchObject(
      refused('username_taken'),
    );
    expect(await post(relay.origin, 'registration/create', { ...body, invite, username: 'dorothy' })).toMatchObject(refused('gone'));

    const tables = dumpDatabase(relay.dataDir);
    for (const gone of [bert.device.accountId, dora]) {
      expect(placesOf(tables, fromBase64url(gone))).toEqual(['admin_log.target']);
    }
    expect(placesOf(tables, new TextEncoder().encode('member_1'))).toEqual([]);
    for (const name of ['devices', 'mailboxes', 'device_lists'])
      expect(tables.find((table) => table.name === name)?.rows, name).toHaveLength(2);
    for (const name of ['waiting', 'bodies']) expect(tables.find((table) => table.name === name)?.rows, name).toEqual([]);
  });

  it('R26, R43: when every account was deleted, the old first link opens nothing; a command makes the next admin', async () => {
    const first = relay.firstInvite ?? '';
    for (const name of ['admin_0', 'member_1', 'member_2']) await answerOf(['account', 'delete', name, '--yes'], typed());
    await relay.restart();
    expect(relay.firstInvite).toBeUndefined();
    expect(await granted(relay.origin, 'registration/check', { invite: first })).toEqual({ valid: false });
  });

  it('R40: promoted and demoted, from the next request on', async () => {
    const role = async () => (await granted(relay.origin, 'account/me', {}, bert.token)).role;
    expect(await change('promote')).toMatchObject({ changed: true });
    expect(await role()).toBe('admin');
    expect(await change('promote')).toMatchObject({ changed: false });
    expect(await change('demote')).toMatchObject({ changed: true });
    expect(await role()).toBe('member');
  });

  it.each([['demote'], ['disable'], ['delete', '--yes']])(
    'R40: %s of the last admin is done, and says that none is left and how to make one',
    async (act, ...yes) => {
      await change('promote');
      expect(await change('demote')).toMatchObject({ changed: true, adminsLeft: 1 });
      const { code, said } = await typeCommand(['account', act, 'admin_0', ...yes], typed());
      expect(code).toBe(0);
      expect(said).toMatch(
        /^admin_0 is [^\n]*\nNo admin is left[^\n]*"sottovoce account promote NAME"[^\n]*"sottovoce invite create --admin"[^\n]*\n$/,
      );
      expect(await change('demote')).toMatchObject({ changed: false, adminsLeft: 0 });
      expect((await typeCommand(['account', 'promote', 'member_1'], typed())).said).toBe('member_1 is an admin.\n');
    },
  );

  it('R44: a revoked device is shut out, its mailbox and prekeys erased; it stays listed, and senders are answered as before', async () => {
    await submit(bert.device);
    const socket = await connect(relay.origin, bert.token);
    const device = String(bert.device.deviceId);
    expect(await answerOf(['device', 'revoke', 'member_1', device, '--yes'], typed())).toMatchObject({ changed: true, left: 0 });
    expect(await socket.closed).toBe(4403);
    expect(await loginOf(bert.device)).toBe('login: 403 revoked');
    expect(await post(relay.origin, 'account/me', {}, bert.token)).toMatchObject(refused('revoked'));
    const listed = await answerOf(['device', 'list', 'member_1'], typed());
    expect(listed['devices']).toEqual([{ deviceId: bert.device.deviceId, revoked: true, oneTimePrekeys: 0, envelopes: 0, bytes: 0 }]);
    const { accounts } = await answerOf(['account', 'list'], typed());
    expect((accounts as { username: string; devices: number }[]).map(({ username, devices }) => [username, devices])).toEqual([
      ['admin_0', 1],
      ['member_1', 0],
      ['member_2', 1],
    ]);
    expect(await submit(bert.device)).toBe('accepted');
    const claim = { accountId: bert.device.accountId, deviceIds: [bert.device.deviceId] };
    expect(await granted(relay.origin, 'prekeys/claim', claim, cleo.token)).toMatchObject({ bundles: [{ oneTimePrekey: null }] });
    expect(await answerOf(['device', 'revoke', 'member_1', device, '--yes'], typed())).toMatchObject({ changed: false });
  });

  it('R46: every change leaves a row with hour, act and id, and no name; what changed nothing leaves none', async () => {
    await change('promote');
    await change('promote');
    await answerOf(['account', 'disable', 'member_2'], typed());
    await answerOf(['device', 'revoke', 'member_1', String(bert.device.deviceId), '--yes'], typed());
    const { acts } = await answerOf(['log'], typed());
    const about = (act: string, target: string) => ({ at: expect.any(Number), act, target, by: 'command line' });
    expect(acts).toEqual([
      // By which the other two came.
      { ...about('invite create', ''), target: expect.any(String), by: 'an admin' },
      about('account promote', bert.device.accountId),
      about('account disable', cleo.device.accountId),
      about('device revoke', `${bert.device.accountId}.${bert.device.deviceId}`),
    ]);
    for (const { at } of acts as { at: number }[]) expect(at % 3_600_000).toBe(0);
    const { said } = await typeCommand(['log'], typed());
    expect(said).toMatch(/^\d{4}-\d\d-\d\d \d\d:00 UTC {2}account promote, by command line\n {22}\S+\n/m);
    expect(said).toContain(`${bert.device.accountId}.${bert.device.deviceId}\n`);
    expect(said).not.toMatch(/member_|admin_/);
    for (const line of said.split('\n')) expect(line.length).toBeLessThanOrEqual(80);
  });

  it('R40: stats tell what there is now', async () => {
    await submit(bert.device);
    const socket = await connect(relay.origin, cleo.token);
    const told = await answerOf(['stats'], typed());
    expect(told).toMatchObject({ accounts: 3, disabled: 0, devices: 3, sockets: 1, envelopes: 1, bodies: 1, bytes: 2_048, groupLogs: 0 });
    expect(told['oldestAt']).toBe(Math.floor(Date.now() / 3_600_000) * 3_600_000);
    expect(Number(told['diskBytes'])).toBeGreaterThan(50_000);
    expect((await typeCommand(['stats'], typed())).said).toMatch(/connected now +1\n/);
    await socket.close();
  });

  it.each([
    [['account', 'disable', 'Nobody Here'], 2, '"Nobody Here" is neither a username'],
    [['account', 'disable', 'nobody'], 1, 'There is no such account'],
    [['account', 'promote'], 2, 'NAME is missing'],
    [['device', 'list', 'nobody'], 1, 'There is no such account'],
    [['device', 'revoke', 'member_1', 'phone', '--yes'], 2, '"phone" is no device number'],
    [['device', 'revoke', 'member_1', '1', '--yes'], 1, 'The account has no such device'],
  ])('R31: %j ends with %i and one sentence', async (args, expected, sentence) => {
    const { code, said, complained } = await typeCommand(args, typed());
    expect([code, said]).toEqual([expected, '']);
    expect(complained).toContain(sentence);
    expect(complained.split('\n')).toHaveLength(2);
  });
});

describe('accounts by command, the relay stopped', () => {
  it('R40, R42, R43, R44: the same acts under its lock count from its start on', async () => {
    await submit(bert.device);
    await relay.kill('SIGTERM');
    expect(await answerOf(['stats'], typed())).toMatchObject({ accounts: 3, sockets: null, envelopes: 1 });
    expect(await change('promote')).toMatchObject({ changed: true });
    expect(await change('disable', 'member_2')).toMatchObject({ changed: true });
    expect(await answerOf(['device', 'revoke', 'member_1', String(bert.device.deviceId), '--yes'], typed())).toMatchObject({ left: 0 });
    expect(await answerOf(['account', 'delete', 'admin_0', '--yes'], typed())).toMatchObject({ devices: 1 });
    expect((await answerOf(['log'], typed()))['acts']).toHaveLength(5);
    await relay.restart();
    expect(await loginOf(bert.device)).toBe('login: 403 revoked');
    expect(await loginOf(cleo.device)).toBe('login: 403 revoked');
    expect(await loginOf(admin.device)).toBe('login: 401 unauthorized');
    expect(await answerOf(['account', 'list'], typed())).toMatchObject({
      accounts: [
        { username: 'member_1', role: 'admin', envelopes: 0 },
        { username: 'member_2', disabled: true },
      ],
    });
    await change('enable', 'member_2');
    expect(await answerOf(['verify'], typed())).toEqual({ ok: true, kind: 'data', wrong: [] });
  });

  it('R40: a folder without a relay in it stays as it is', async () => {
    const { code, complained } = await typeCommand(['account', 'list'], { dataDir: `${relay.dataDir}/nothing` });
    expect([code, complained]).toEqual([1, expect.stringMatching(/^There is no relay's data in [^\n]*\n$/)]);
  });
});

describe('deleting at a terminal', () => {
  it('R43: the name is typed once more, and anything else changes nothing', async () => {
    await relay.kill('SIGTERM');
    const asked: string[] = [];
    const run = async (typedName: string) => {
      const env = { SOTTOVOCE_DATA: relay.dataDir };
      const ask = async (question: string) => {
        asked.push(question);
        return typedName;
      };
      return sottovoce(['account', 'delete', 'member_1'], { env, watched: true, ask, out: () => undefined, err: () => undefined });
    };
    expect(await run('yes')).toBe(1);
    expect(asked[0]).toMatch(/erases member_1 for good[\s\S]*Type "member_1" to go on: $/);
    expect((await answerOf(['account', 'list'], typed()))['accounts']).toHaveLength(3);
    expect(await run('member_1')).toBe(0);
    expect((await answerOf(['account', 'list'], typed()))['accounts']).toHaveLength(2);
  });
});
