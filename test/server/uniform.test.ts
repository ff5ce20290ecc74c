import { randomBytes } from 'node:crypto';
import { ed25519 } from '@noble/curves/ed25519.js';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Route } from '../../server/protocol/http.ts';
import { groupCreateBytes, registrationBytes } from '../../server/protocol/signed-requests.ts';
import { NOBODY } from '../../server/relay/ed25519.ts';
import { toBase64url } from '../../server/protocol/bytes.ts';
import { granted, listEntryBytes, loginKeyPair, newRegistration, recordBytes, type RelayDevice, sha256 } from '../support/relay-device.ts';
import { type LocalRelay, localRelay } from '../support/relay-in-process.ts';

let local: LocalRelay;
let device: RelayDevice;
let token: string;

beforeAll(async () => {
  local = await localRelay({ members: 2 });
  ({ device, token } = local.members[1] as { device: RelayDevice; token: string });
});
afterAll(() => local.close());

const text = (length: number) => toBase64url(new Uint8Array(randomBytes(length)));

type Seen = { status: number; headers: string[]; body: unknown };

/** Every value by its kind and length: what may differ is only what is random. */
function shapeOf(value: unknown): unknown {
  if (typeof value === 'string') return `text of ${value.length}`;
  if (Array.isArray(value)) return value.map(shapeOf);
  if (typeof value === 'object' && value !== null) return Object.entries(value).map(([name, inner]) => [name, shapeOf(inner)]);
  return typeof value;
}

async function see(route: Route, body: unknown, auth?: string): Promise<Seen> {
  const headers = { 'content-type': 'application/json', ...(auth && { authorization: `Bearer ${auth}` }) };
  const response = await fetch(`${local.origin}/v1/${route}`, { method: 'POST', headers, body: JSON.stringify(body) });
  const seen = [...response.headers].filter(([name]) => name !== 'date').map(([name, value]) => `${name}: ${value}`);
  const json = (await response.json()) as { error?: unknown };
  return { status: response.status, headers: seen, body: json.error ?? shapeOf(json) };
}

/** A well-signed registration of an account that exists already, by somebody who knows its public genesis record and nothing else. */
async function copiedRegistration(invite: string, username: string): Promise<Record<string, unknown>> {
  const { account } = await granted(local.origin, 'accounts/fetch', { accountId: device.accountId }, token);
  const genesis = new Uint8Array(Buffer.from(account?.genesis ?? '', 'base64url'));
  const { publicKey, signLogin } = loginKeyPair();
  const record = recordBytes({ accountId: device.accountId, deviceId: 9, loginKey: publicKey, sequence: 1 });
  const digest = sha256(genesis, record);
  return {
    invite,
    username,
    genesis: toBase64url(genesis),
    deviceList: toBase64url(listEntryBytes(device.accountId, 1, [9])),
    deviceRecord: toBase64url(record),
    oneTimePrekeys: [],
    signature: toBase64url(signLogin(registrationBytes({ origin: local.origin, digest }))),
  };
}

describe('who asks does not learn who is here', () => {
  const unknown = () => [
    { accountId: text(32), deviceId: device.deviceId },
    { accountId: device.accountId, deviceId: 5 },
  ];

  it('R16, R53: a challenge is a nonce, whoever it is for', async () => {
    const known = await see('login/challenge', { accountId: device.accountId, deviceId: device.deviceId });
    expect(known.status).toBe(200);
    for (const who of unknown()) expect(await see('login/challenge', who)).toEqual(known);
  });

  it('R16, R53: a login that fails says the same of accounts, devices, nonces and signatures', async () => {
    const who = { accountId: device.accountId, deviceId: device.deviceId };
    const { nonce } = await granted(local.origin, 'login/challenge', who);
    const wrongSignature = await see('login', { ...who, nonce, signature: text(64) });
    expect(wrongSignature).toMatchObject({ status: 401, body: { code: 'unauthorized' } });
    const signature = toBase64url(device.signLogin(new Uint8Array(randomBytes(100))));
    expect(await see('login', { ...who, nonce: text(32), signature })).toEqual(wrongSignature);
    for (const other of unknown()) expect(await see('login', { ...other, nonce, signature })).toEqual(wrongSignature);
  });

  it('R53: in place of a key that does not exist a real one is checked, which takes as long', () => {
    expect(() => ed25519.Point.fromBytes(NOBODY)).not.toThrow();
  });

  it('R15, R53: without an open invite nothing is said of names and accounts', async () => {
    const invite = text(20);
    const fresh = newRegistration(local.origin, invite, 'somebody_new').body;
    const answer = await see('registration/create', fresh);
    expect(answer).toMatchObject({ status: 403, body: { code: 'invite_invalid' } });
    const taken = newRegistration(local.origin, invite, device.username).body;
    expect(await see('registration/create', taken)).toEqual(answer);
    for (const username of ['somebody_new', device.username]) {
      expect(await see('registration/create', await copiedRegistration(invite, username))).toEqual(answer);
      expect(await see('registration/username', { invite, username })).toEqual(answer);
    }
  });

  it('R15: with an open invite a foreign account is a conflict, and the invite stays', async () => {
    const { invite } = await granted(local.origin, 'invites/create', {}, local.members[0]?.token);
    expect(await see('registration/create', await copiedRegistration(invite, 'somebody_new'))).toMatchObject({
      status: 409,
      body: { code: 'conflict' },
    });
    expect(await granted(local.origin, 'registration/check', { invite })).toEqual({ valid: true });
  });

  it('R18, R53: an unknown name and an unknown id are null, an unknown account and an unlisted device have no bundles', async () => {
    const nothing = await see('accounts/find', { username: 'nobody_here' }, token);
    expect([nothing.status, nothing.body]).toEqual([200, [['account', 'object']]]);
    expect(await see('accounts/fetch', { accountId: text(32) }, token)).toEqual(nothing);
    const [none, unlisted] = await Promise.all(
      unknown().map(({ accountId, deviceId }) => see('prekeys/claim', { accountId, deviceIds: [deviceId] }, token)),
    );
    expect(none?.body).toEqual([['bundles', []]]);
    expect(unlisted).toEqual(none);
  });

  it('R17, R53: every token that is none is refused alike, before the body is read', async () => {
    const refused = await see('account/me', {}, 'no.token.here');
    expect(refused).toMatchObject({ status: 401, body: { code: 'unauthorized' } });
    const [head, payload] = token.split('.');
    for (const other of [`${head}.${payload}.${text(64)}`, 'x', undefined])
      expect(await see('account/me', { not: 1 }, other)).toEqual(refused);
  });

  it('R24, R53: an unknown group and a wrong signature are refused alike', async () => {
    const key = loginKeyPair();
    const groupId = text(32);
    const entry = new Uint8Array(64);
    const accessKey = toBase64url(key.publicKey);
    const bytes = groupCreateBytes({ origin: local.origin, groupId, accessKey, entryDigest: sha256(entry) });
    await granted(local.origin, 'groups/create', {
      groupId,
      accessKey,
      entry: toBase64url(entry),
      signature: toBase64url(key.signLogin(bytes)),
    });
    const read = (id: string) =>
      see('groups/read', { groupId: id, from: 0, time: local.clock.now(), nonce: text(16), signature: text(64) });
    const refused = await read(groupId);
    expect(refused).toMatchObject({ status: 404, body: { code: 'not_found' } });
    expect(await read(text(32))).toEqual(refused);
  });
});
