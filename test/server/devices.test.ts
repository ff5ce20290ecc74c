import { randomBytes } from 'node:crypto';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { toBase64url } from '../../server/protocol/bytes.ts';
import { dumpDatabase } from '../support/dump-database.ts';
import {
  addressOf,
  granted,
  listEntryBytes,
  login,
  loginKeyPair,
  newRegistration,
  post,
  type RelayDevice,
  recordBytes,
} from '../support/relay-device.ts';
import { type LocalRelay, localRelay } from '../support/relay-in-process.ts';
import { connect } from '../support/relay-socket.ts';

let local: LocalRelay;
let origin: string;
let first: RelayDevice;
let firstKey: Uint8Array;
let token: string;

beforeEach(async () => {
  local = await localRelay();
  origin = local.origin;
  const registration = newRegistration(origin, local.firstInvite, 'alice');
  await granted(origin, 'registration/create', registration.body);
  [first, firstKey] = [registration.device, registration.loginKey];
  token = await login(origin, first);
});
afterEach(() => local.close());

const publish = (deviceId: number, loginKey: Uint8Array, sequence: number, as = token) =>
  post(
    origin,
    'devices/publish',
    { deviceRecord: toBase64url(recordBytes({ accountId: first.accountId, deviceId, loginKey, sequence })) },
    as,
  );
const setList = (version: number, deviceIds: number[], as = token) =>
  post(origin, 'devices/list', { entry: toBase64url(listEntryBytes(first.accountId, version, deviceIds)) }, as);
const refused = (code: string) => ({ ok: false, refusal: { code } });

/** A second device: listed by the first, its first record published by the first, then logged in on its own. */
async function addSecond(version = 2) {
  const deviceId = (first.deviceId % 1_000) + 1_000;
  const { publicKey, signLogin } = loginKeyPair();
  expect(await setList(version, [first.deviceId, deviceId])).toMatchObject({ ok: true });
  expect(await publish(deviceId, publicKey, 1)).toMatchObject({ ok: true });
  const device: RelayDevice = { ...first, deviceId, recordSequence: 1, signLogin };
  return { device, publicKey, token: await login(origin, device) };
}

describe('device records', () => {
  it('R21: a newer record replaces the old; an equal or lower sequence, another login key, another account are refused', async () => {
    expect(await publish(first.deviceId, firstKey, 5)).toMatchObject({ ok: true });
    for (const sequence of [5, 4]) expect(await publish(first.deviceId, firstKey, sequence)).toMatchObject(refused('version_mismatch'));
    expect(await publish(first.deviceId, loginKeyPair().publicKey, 6)).toMatchObject(refused('forbidden'));
    expect(await publish(5, firstKey, 6)).toMatchObject(refused('forbidden'));
    const foreign = recordBytes({ accountId: toBase64url(randomBytes(32)), deviceId: first.deviceId, loginKey: firstKey, sequence: 9 });
    expect(await post(origin, 'devices/publish', { deviceRecord: toBase64url(foreign) }, token)).toMatchObject(refused('forbidden'));
  });

  it('R21: a device that was just listed gets its first record from another of the account, later ones from itself alone', async () => {
    const second = await addSecond();
    expect(await publish(second.device.deviceId, second.publicKey, 2)).toMatchObject(refused('forbidden'));
    expect(await publish(second.device.deviceId, second.publicKey, 2, second.token)).toMatchObject({ ok: true });
  });
});

describe('device list', () => {
  it('R22: an entry must be the next; of two at once one wins', async () => {
    expect(await setList(3, [first.deviceId])).toMatchObject(refused('version_mismatch'));
    expect(await setList(1, [first.deviceId])).toMatchObject(refused('version_mismatch'));
    const results = await Promise.all([setList(2, [first.deviceId, 7]), setList(2, [first.deviceId, 8])]);
    expect(results.filter(({ ok }) => ok)).toHaveLength(1);
    const { account } = await granted(origin, 'accounts/fetch', { accountId: first.accountId, knownListVersion: 1 }, token);
    expect(account?.deviceList).toHaveLength(1);
    const foreign = toBase64url(listEntryBytes(toBase64url(randomBytes(32)), 3, [1]));
    expect(await post(origin, 'devices/list', { entry: foreign }, token)).toMatchObject(refused('forbidden'));
  });

  it('R22, R17: a device that vanishes from the list loses socket, token, login, prekeys and mailbox', async () => {
    const second = await addSecond();
    const socket = await connect(origin, second.token);
    await socket.expect('drained');
    const own = await connect(origin, token);
    await own.expect('drained');
    const to = addressOf(second.device, 2);
    own.send({ type: 'submit', requestId: 1, envelopeId: new Uint8Array(16), recipients: [to], body: new Uint8Array(2_048) });
    await own.expect('accepted');
    await granted(origin, 'prekeys/add', { oneTimePrekeys: [{ id: 1, publicKey: toBase64url(randomBytes(32)) }] }, second.token);
    expect(await setList(3, [first.deviceId])).toMatchObject({ ok: true });
    expect(await socket.closed).toBe(4403);
    expect(await post(origin, 'account/me', {}, second.token)).toMatchObject(refused('unauthorized'));
    await expect(login(origin, second.device)).rejects.toThrow('unauthorized');
    await expect(connect(origin, second.token)).rejects.toThrow('4401');
    const tables = new Map(dumpDatabase(local.dataDir).map((table) => [table.name, table.rows.length]));
    expect([tables.get('devices'), tables.get('mailboxes'), tables.get('waiting'), tables.get('bodies')]).toEqual([1, 1, 0, 0]);
    own.send({ type: 'submit', requestId: 2, envelopeId: new Uint8Array(16), recipients: [to], body: new Uint8Array(2_048) });
    expect(await own.expect('refused')).toMatchObject({ code: 'mismatched_devices', accounts: [first.accountId] });
  });

  it('R22: a removal that falls between a hello and its welcome is not missed', async () => {
    const second = await addSecond();
    const { queue, store } = local.relay;
    const flush = queue.flushAcknowledgements;
    queue.flushAcknowledgements = async () => {
      await flush();
      const entry = listEntryBytes(first.accountId, 3, [first.deviceId]);
      await store.appendDeviceList(first.accountId, { version: 3, entry, deviceIds: [first.deviceId] });
    };
    await expect(connect(origin, second.token)).rejects.toThrow('4403');
    queue.flushAcknowledgements = flush;
  });

  it('R17: a device id that comes back is another device: the old token stays dead', async () => {
    const second = await addSecond();
    expect(await setList(3, [first.deviceId])).toMatchObject({ ok: true });
    expect(await setList(4, [first.deviceId, second.device.deviceId])).toMatchObject({ ok: true });
    expect(await publish(second.device.deviceId, second.publicKey, 9)).toMatchObject({ ok: true });
    expect(await post(origin, 'account/me', {}, second.token)).toMatchObject(refused('unauthorized'));
    expect(await login(origin, second.device)).toBeTypeOf('string');
  });
});
