/** What crypto/ writes and what the relay reads of it: two rooms that may not import each other. */
import { afterEach, describe, expect, it } from 'vitest';
import * as crypto from '../../crypto/index.ts';
import { ascii, toBase64url } from '../../server/protocol/bytes.ts';
import { viewDeviceListEntry, viewDeviceRecord } from '../../server/protocol/device-record-view.ts';
import * as limits from '../../server/protocol/limits.ts';
import * as signedRequests from '../../server/protocol/signed-requests.ts';
import { makeAccount, makeDevice, NOW } from '../support/accounts.ts';
import { granted, login, loginKeyPair, prekeys, sha256 } from '../support/relay-device.ts';
import { type LocalRelay, localRelay } from '../support/relay-in-process.ts';
import { seededRandom } from '../support/seeded-random.ts';

let local: LocalRelay | undefined;
afterEach(async () => {
  await local?.close();
  local = undefined;
});

const DEVICE_ID = 0x7fff_fffe;

describe('records of crypto/ as the relay reads them', () => {
  it('R15, R21: account, device, login key and sequence of a device record', async () => {
    const random = seededRandom('device record');
    const account = await makeAccount(random, [DEVICE_ID]);
    const loginKey = loginKeyPair().publicKey;
    const { bytes } = await makeDevice(account, random, { deviceId: DEVICE_ID, loginKey, sequence: 0x0102_0304 });
    expect(viewDeviceRecord(bytes)).toEqual({ accountId: account.accountId, deviceId: DEVICE_ID, loginKey, sequence: 0x0102_0304 });
    expect(bytes.length).toBeLessThanOrEqual(limits.MAX_DEVICE_RECORD_BYTES);
    for (const length of [0, 1, 100, bytes.length - 1]) expect(() => viewDeviceRecord(bytes.subarray(0, length))).toThrow('bad_request');
    expect(() => viewDeviceRecord(new Uint8Array([...bytes, 0]))).toThrow('bad_request');
  });

  it('R15, R22: account, version and devices of a device-list entry, with and without a backup mark', async () => {
    const random = seededRandom('device list');
    const ids = Array.from({ length: crypto.MAX_DEVICES }, (_, index) => index * 1_000 + 1);
    const account = await makeAccount(random, [5]);
    const devices = ids.map((deviceId) => ({ deviceId, addedAt: NOW }));
    const backup = { sequence: 3, digest: random(32) };
    const [first] = account.entries;
    const second = await crypto.signDeviceList(account.identity.privateKey, account.accountId, account.list, devices, random, backup);
    expect(viewDeviceListEntry(first ?? second)).toEqual({ accountId: account.accountId, version: 1, deviceIds: [5] });
    expect(viewDeviceListEntry(second)).toEqual({ accountId: account.accountId, version: 2, deviceIds: ids });
    expect(second.length).toBeLessThanOrEqual(limits.MAX_DEVICE_LIST_ENTRY_BYTES);
    for (const length of [0, 2, 106, second.length - 1])
      expect(() => viewDeviceListEntry(second.subarray(0, length))).toThrow('bad_request');
    const rotation = new Uint8Array(second);
    rotation[1] = crypto.KIND.group;
    expect(() => viewDeviceListEntry(rotation)).toThrow('bad_request');
  });

  it('R15, R16: a real account registers and logs in', async () => {
    const random = seededRandom('registration');
    local = await localRelay();
    const { origin, firstInvite } = local;
    const account = await makeAccount(random, [DEVICE_ID]);
    const { publicKey, signLogin } = loginKeyPair();
    const { bytes: record } = await makeDevice(account, random, { deviceId: DEVICE_ID, loginKey: publicKey });
    const signature = signLogin(signedRequests.registrationBytes({ origin, digest: sha256(account.genesisBytes, record) }));
    const answer = await granted(origin, 'registration/create', {
      invite: firstInvite,
      username: 'alice',
      genesis: toBase64url(account.genesisBytes),
      deviceList: toBase64url(account.entries[0] ?? new Uint8Array()),
      deviceRecord: toBase64url(record),
      oneTimePrekeys: prekeys(1, limits.MAX_ONE_TIME_PREKEYS_PER_REQUEST),
      signature: toBase64url(signature),
    });
    expect(answer).toEqual({ accountId: account.accountId, role: 'admin' });
    const device = { accountId: account.accountId, deviceId: DEVICE_ID, username: 'alice', recordSequence: 1, signLogin };
    expect(await login(origin, device)).toBeTypeOf('string');
  });
});

describe('what both rooms say twice', () => {
  it('R1: envelope sizes and the bounds of ids and lists are the same numbers', () => {
    expect(limits.ENVELOPE_SIZES_BYTES).toEqual(crypto.ENVELOPE_SIZES_BYTES);
    expect(limits.MAX_ENVELOPE_BYTES).toBe(crypto.MAX_ENVELOPE_BYTES);
    expect(limits.MAX_DEVICES).toBe(crypto.MAX_DEVICES);
    expect(limits.MAX_DEVICE_ID).toBe(crypto.MAX_DEVICE_ID);
    expect(limits.MAX_PREKEY_ID).toBe(crypto.MAX_PREKEY_ID);
    expect(limits.MAX_DEVICE_LIST_ENTRIES).toBe(crypto.MAX_DEVICE_LIST_ENTRIES);
    expect(limits.MAX_GROUP_ENTRY_BYTES).toBeGreaterThan(crypto.MAX_CHAIN_ENTRY_BYTES);
  });

  it('R15, R16, R23: signed requests begin with the purposes of crypto/labels.ts', () => {
    const [origin, groupId, accessKey] = ['https://a.example', toBase64url(new Uint8Array(32)), toBase64url(new Uint8Array(32))];
    const [digest, accountId, nonce] = [new Uint8Array(32), groupId, accessKey];
    const made: [string, Uint8Array][] = [
      [crypto.PURPOSE.registration, signedRequests.registrationBytes({ origin, digest })],
      [crypto.PURPOSE.login, signedRequests.loginBytes({ protocol: 1, origin, accountId, deviceId: 1, nonce })],
      [crypto.PURPOSE.groupRequest, signedRequests.groupCreateBytes({ origin, groupId, accessKey, entryDigest: digest })],
      [crypto.PURPOSE.groupRequest, signedRequests.groupAppendBytes({ origin, groupId, version: 1, entryDigest: digest })],
      [
        crypto.PURPOSE.groupRequest,
        signedRequests.groupReadBytes({ origin, groupId, from: 0, time: 0, nonce: toBase64url(new Uint8Array(16)) }),
      ],
      [crypto.PURPOSE.groupAccessChange, signedRequests.groupAccessChangeBytes({ groupId, accessKey })],
    ];
    for (const [purpose, bytes] of made) {
      const front = ascii(`Sottovoce v1 ${purpose}\0`);
      expect(toBase64url(bytes.subarray(0, front.length)), purpose).toBe(toBase64url(front));
    }
    expect(new Set(made.map(([, bytes]) => toBase64url(bytes))).size).toBe(made.length);
  });
});
