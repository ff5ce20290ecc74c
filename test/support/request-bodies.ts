import type { Route } from '../../server/protocol/http.ts';
import { prekeys } from './relay-device.ts';

const text = (bytes: number) => Buffer.alloc(bytes, 7).toString('base64url');

/** A body for every route that its schema takes; whether it is granted is another matter. */
export const REQUEST_BODIES: Record<Route, Record<string, unknown>> = {
  'registration/check': { invite: text(20) },
  'registration/username': { invite: text(20), username: 'alice' },
  'registration/create': {
    invite: text(20),
    username: 'alice',
    genesis: text(81),
    deviceList: text(190),
    deviceRecord: text(1_465),
    oneTimePrekeys: prekeys(1, 2),
    signature: text(64),
  },
  'login/challenge': { accountId: text(32), deviceId: 1 },
  login: { accountId: text(32), deviceId: 1, nonce: text(32), signature: text(64) },
  'accounts/find': { username: 'alice' },
  'accounts/fetch': { accountId: text(32), knownListVersion: 1 },
  'prekeys/claim': { accountId: text(32), deviceIds: [1] },
  'prekeys/add': { oneTimePrekeys: prekeys(1, 2) },
  'prekeys/count': {},
  'devices/publish': { deviceRecord: text(1_465) },
  'devices/list': { entry: text(190) },
  'account/delivery': { verifier: text(32) },
  certificate: {},
  'groups/create': { groupId: text(32), accessKey: text(32), entry: text(100), signature: text(64) },
  'groups/append': {
    groupId: text(32),
    version: 1,
    entry: text(100),
    accessKey: text(32),
    accessKeySignature: text(64),
    signature: text(64),
  },
  'groups/read': { groupId: text(32), from: 0, time: 1, nonce: text(16), signature: text(64) },
  'invites/create': { uses: 1, days: 1 },
  'invites/list': {},
  'invites/revoke': { id: text(9) },
  'account/me': {},
};
