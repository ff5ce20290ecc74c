import type { FastifyInstance } from 'fastify';
import { toBase64url } from '../protocol/bytes.ts';
import type { Relay } from '../relay/relay.ts';
import { prekeysOf } from './registration.ts';
import { deviceRoute } from './route.ts';

export function prekeyRoutes(app: FastifyInstance, relay: Relay): void {
  const { limits, store } = relay;

  deviceRoute(app, relay, 'prekeys/claim', async ({ accountId, deviceIds, recordsOnly }, claimer) => {
    limits.require('accountClaim', claimer.accountId, deviceIds.length);
    limits.require('pairClaim', `${claimer.accountId}.${accountId}`, deviceIds.length);
    // A target under pressure keeps its supply: bundles without a one-time prekey still begin a session, and clients show it.
    const withOneTimePrekey = !recordsOnly && limits.waitFor('targetClaim', accountId, deviceIds.length) === 0;
    const bundles = await store.claim(accountId, deviceIds, withOneTimePrekey);
    return {
      bundles: bundles.map(({ deviceId, deviceRecord, oneTimePrekey }) => ({
        deviceId,
        deviceRecord: toBase64url(deviceRecord),
        oneTimePrekey: oneTimePrekey && { id: oneTimePrekey.id, publicKey: toBase64url(oneTimePrekey.publicKey) },
      })),
    };
  });

  deviceRoute(app, relay, 'prekeys/add', async ({ oneTimePrekeys }, device) => ({
    count: await store.addOneTimePrekeys(device.row, prekeysOf(oneTimePrekeys)),
  }));

  deviceRoute(app, relay, 'prekeys/count', async (_body, device) => ({ count: await store.countOneTimePrekeys(device.row) }));
}
