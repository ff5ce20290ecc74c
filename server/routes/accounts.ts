import type { FastifyInstance } from 'fastify';
import { fromBase64url, toBase64url } from '../protocol/bytes.ts';
import type { PublicAccount } from '../protocol/http.ts';
import type { Relay } from '../relay/relay.ts';
import { deviceRoute } from './route.ts';

export function accountRoutes(app: FastifyInstance, relay: Relay): void {
  const { store } = relay;

  async function publicAccount(accountId: string | undefined, afterListVersion: number): Promise<{ account: PublicAccount | null }> {
    const account = accountId === undefined ? undefined : await store.account(accountId, afterListVersion);
    if (!account) return { account: null };
    const { username, genesis, rotations, deviceList } = account;
    return {
      account: {
        accountId: account.accountId,
        username,
        genesis: toBase64url(genesis),
        rotations: rotations.map(toBase64url),
        deviceList: deviceList.map(toBase64url),
        certificate: await relay.certificate(account.accountId, username),
      },
    };
  }

  deviceRoute(app, relay, 'accounts/find', async ({ username }) => publicAccount(await store.accountIdOfUsername(username), 0));

  deviceRoute(app, relay, 'accounts/fetch', async ({ accountId, knownListVersion }) => {
    return publicAccount(accountId, knownListVersion ?? 0);
  });

  deviceRoute(app, relay, 'account/delivery', async ({ verifier }, device) => {
    await store.setDeliveryVerifier(device.accountId, fromBase64url(verifier));
    return {};
  });

  deviceRoute(app, relay, 'certificate', async (_body, device) => ({
    certificate: await relay.certificate(device.accountId, device.username),
  }));

  deviceRoute(app, relay, 'account/me', async (_body, { accountId, username, role }) => ({
    accountId,
    username,
    role,
    devices: await store.deviceCount(accountId),
  }));
}
