import { createHash, createPrivateKey, generateKeyPairSync, type JsonWebKey, randomBytes, randomInt, sign } from 'node:crypto';
import { ascii, concat, fromBase64url, toBase64url, uint16, uint32 } from '../../server/protocol/bytes.ts';
import type { Recipient } from '../../server/protocol/frames.ts';
import { pathOf, ROUTES, type Route, type RouteAnswer, type RouteBody } from '../../server/protocol/http.ts';
import { loginBytes, registrationBytes } from '../../server/protocol/signed-requests.ts';
import { PROTOCOL_MAX } from '../../server/protocol/version.ts';

/**
 * A device as far as the relay can tell one: records with the right fields at the right places, and noise where the relay is blind.
 * test/contract shows that real records of crypto/ are read alike.
 */
export type RelayDevice = {
  accountId: string;
  username: string;
  deviceId: number;
  recordSequence: number;
  signLogin(bytes: Uint8Array): Uint8Array;
};

export type Refusal = { status: number; code: string; retryAfterMs: number | undefined };
export type Answer<R extends Route> = { ok: true; answer: RouteAnswer<R> } | { ok: false; refusal: Refusal };

function bytes(length: number): Uint8Array<ArrayBuffer> {
  return new Uint8Array(randomBytes(length));
}

export function sha256(...parts: Uint8Array[]): Uint8Array {
  return new Uint8Array(
    createHash('sha256')
      .update(concat(...parts))
      .digest(),
  );
}

export function recordBytes(fields: {
  accountId: string;
  deviceId: number;
  loginKey: Uint8Array;
  sequence: number;
}): Uint8Array<ArrayBuffer> {
  const front = concat(Uint8Array.of(1), fromBase64url(fields.accountId), uint32(fields.deviceId), uint16(7), fields.loginKey);
  return concat(front, bytes(100 + 1_220 + 6), uint32(fields.sequence), bytes(64));
}

export function listEntryBytes(accountId: string, version: number, deviceIds: readonly number[]): Uint8Array<ArrayBuffer> {
  const sorted = [...deviceIds].sort((a, b) => a - b);
  const body = concat(Uint8Array.of(sorted.length), ...sorted.flatMap((id) => [uint32(id), bytes(6)]), Uint8Array.of(0));
  const front = concat(Uint8Array.of(1, 1), fromBase64url(accountId), uint32(version - 1), bytes(32), Uint8Array.of(1));
  return concat(front, fromBase64url(accountId), uint32(body.length), body, bytes(64));
}

type LoginKeyPair = { publicKey: Uint8Array<ArrayBuffer>; jwk: JsonWebKey; signLogin(message: Uint8Array): Uint8Array };

/** A fresh one, or that of a JWK kept from an earlier run. */
export function loginKeyPair(jwk: JsonWebKey = generateKeyPairSync('ed25519').privateKey.export({ format: 'jwk' })): LoginKeyPair {
  const key = createPrivateKey({ key: jwk, format: 'jwk' });
  return { publicKey: fromBase64url(jwk.x ?? ''), jwk, signLogin: (message) => new Uint8Array(sign(null, message, key)) };
}

export async function post<R extends Route>(origin: string, route: R, body: RouteBody<R>, token?: string): Promise<Answer<R>> {
  const { status, json } = await postRaw(origin, route, JSON.stringify(body), token);
  if (status === 200) return { ok: true, answer: json as RouteAnswer<R> };
  const { code, retryAfterMs } = (json as { error: { code: string; retryAfterMs?: number } }).error;
  return { ok: false, refusal: { status, code, retryAfterMs } };
}

export async function postRaw(
  origin: string,
  route: string,
  body: string | Uint8Array,
  token?: string,
): Promise<{ status: number; json: unknown }> {
  const path = route in ROUTES ? pathOf(route as Route) : route;
  const headers = { 'content-type': 'application/json', ...(token === undefined ? {} : { authorization: `Bearer ${token}` }) };
  const response = await fetch(`${origin}${path}`, { method: 'POST', headers, body: body as BodyInit });
  return { status: response.status, json: await response.json() };
}

/** The answer, or an error that names the refusal: for steps that a test takes for granted. */
export async function granted<R extends Route>(origin: string, route: R, body: RouteBody<R>, token?: string): Promise<RouteAnswer<R>> {
  const result = await post(origin, route, body, token);
  if (!result.ok) throw new Error(`${route}: ${result.refusal.status} ${result.refusal.code}`);
  return result.answer;
}

export function prekeys(from: number, count: number): { id: number; publicKey: string }[] {
  return Array.from({ length: count }, (_, index) => ({ id: from + index, publicKey: toBase64url(bytes(32)) }));
}

/** A registration ready to send, and the device it would make. */
export function newRegistration(origin: string, invite: string, username: string, oneTimePrekeys = prekeys(1, 3)) {
  const genesis = bytes(81);
  const accountId = toBase64url(sha256(ascii('Sottovoce v1 account id\0'), genesis));
  const deviceId = randomInt(1, 2 ** 31);
  const { publicKey, jwk, signLogin } = loginKeyPair();
  const record = recordBytes({ accountId, deviceId, loginKey: publicKey, sequence: 1 });
  const body: RouteBody<'registration/create'> = {
    invite,
    username,
    genesis: toBase64url(genesis),
    deviceList: toBase64url(listEntryBytes(accountId, 1, [deviceId])),
    deviceRecord: toBase64url(record),
    oneTimePrekeys,
    signature: toBase64url(signLogin(registrationBytes({ origin, digest: sha256(genesis, record) }))),
  };
  const device: RelayDevice = { accountId, username, deviceId, recordSequence: 1, signLogin };
  return { body, device, loginKey: publicKey, jwk };
}

export async function register(origin: string, invite: string, username: string, oneTimePrekeys = prekeys(1, 3)): Promise<RelayDevice> {
  const { body, device } = newRegistration(origin, invite, username, oneTimePrekeys);
  await granted(origin, 'registration/create', body);
  return device;
}

export async function login(origin: string, { accountId, deviceId, signLogin }: RelayDevice): Promise<string> {
  const { nonce } = await granted(origin, 'login/challenge', { accountId, deviceId });
  const signature = signLogin(loginBytes({ protocol: PROTOCOL_MAX, origin, accountId, deviceId, nonce }));
  return (await granted(origin, 'login', { accountId, deviceId, nonce, signature: toBase64url(signature) })).token;
}

/** The admin, from the first invite, and members up to `count` accounts in all. */
export async function registerMany(origin: string, firstInvite: string, count: number): Promise<{ device: RelayDevice; token: string }[]> {
  const admin = await register(origin, firstInvite, 'admin_0');
  const adminToken = await login(origin, admin);
  const made = [{ device: admin, token: adminToken }];
  for (let left = count - 1; left > 0; left -= 50) {
    const uses = Math.min(left, 50);
    const { invite } = await granted(origin, 'invites/create', { uses }, adminToken);
    for (let i = 0; i < uses; i++) {
      const device = await register(origin, invite, `member_${made.length}`);
      made.push({ device, token: await login(origin, device) });
    }
  }
  return made;
}

export function addressOf({ accountId, deviceId }: RelayDevice, listVersion = 1): Recipient {
  return { accountId, deviceId, listVersion };
}
