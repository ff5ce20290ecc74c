import type { FastifyInstance } from 'fastify';
import { ascii, type Bytes, fromBase64url, toBase64url } from '../protocol/bytes.ts';
import { viewDeviceListEntry, viewDeviceRecord } from '../protocol/device-record-view.ts';
import { ProtocolError } from '../protocol/errors.ts';
import type { RouteRequest } from '../protocol/http.ts';
import { registrationBytes } from '../protocol/signed-requests.ts';
import { sha256, verifyEd25519 } from '../relay/ed25519.ts';
import type { Relay } from '../relay/relay.ts';
import type { OneTimePrekey, Registration } from '../store/store.ts';
import { openRoute } from './route.ts';

function inviteHash(invite: string): Bytes {
  return sha256(fromBase64url(invite));
}

export function prekeysOf(prekeys: RouteRequest<'prekeys/add'>['oneTimePrekeys']): OneTimePrekey[] {
  if (new Set(prekeys.map((prekey) => prekey.id)).size !== prekeys.length) throw new ProtocolError('bad_request');
  return prekeys.map((prekey) => ({ id: prekey.id, publicKey: fromBase64url(prekey.publicKey) }));
}

/** The three records must speak of one account and its first device; whether they are well signed is for other clients to judge. */
function parseRegistration(body: RouteRequest<'registration/create'>, origin: string, now: number): Registration {
  const genesis = fromBase64url(body.genesis);
  const deviceRecord = fromBase64url(body.deviceRecord);
  const listEntry = fromBase64url(body.deviceList);
  const accountId = toBase64url(sha256(ascii('Sottovoce v1 account id\0'), genesis));
  const record = viewDeviceRecord(deviceRecord);
  const list = viewDeviceListEntry(listEntry);
  const agree = record.accountId === accountId && list.accountId === accountId && list.version === 1;
  if (!agree || list.deviceIds.length !== 1 || list.deviceIds[0] !== record.deviceId) throw new ProtocolError('bad_request');
  const signed = registrationBytes({ origin, digest: sha256(genesis, deviceRecord) });
  if (!verifyEd25519(record.loginKey, signed, fromBase64url(body.signature))) throw new ProtocolError('unauthorized');
  return {
    inviteHash: inviteHash(body.invite),
    accountId,
    username: body.username,
    genesis,
    listEntry,
    deviceId: record.deviceId,
    loginKey: record.loginKey,
    deviceRecord,
    recordSequence: record.sequence,
    oneTimePrekeys: prekeysOf(body.oneTimePrekeys),
    now,
  };
}

export function registrationRoutes(app: FastifyInstance, relay: Relay): void {
  const { store, calendar } = relay;

  openRoute(app, relay, 'registration/check', async ({ invite }) => ({
    valid: await store.inviteIsOpen(inviteHash(invite), calendar.earliest()),
  }));

  openRoute(app, relay, 'registration/username', async ({ invite, username }) => {
    if (!(await store.inviteIsOpen(inviteHash(invite), calendar.earliest()))) throw new ProtocolError('invite_invalid');
    return { available: await store.usernameIsFree(username) };
  });

  openRoute(app, relay, 'registration/create', async (body) => {
    relay.disk.requireRoom();
    const registration = parseRegistration(body, relay.origin(), calendar.earliest());
    const { role } = await store.register(registration);
    return { accountId: registration.accountId, role };
  });
}
