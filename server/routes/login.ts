import type { FastifyInstance } from 'fastify';
import { fromBase64url, toBase64url } from '../protocol/bytes.ts';
import { ProtocolError } from '../protocol/errors.ts';
import { loginBytes } from '../protocol/signed-requests.ts';
import { PROTOCOL_MAX } from '../protocol/version.ts';
import { verifyEd25519 } from '../relay/ed25519.ts';
import type { Relay } from '../relay/relay.ts';
import { openRoute } from './route.ts';

export function loginRoutes(app: FastifyInstance, relay: Relay): void {
  const { loginNonces, store, tokens } = relay;
  // Checked in place of a login key that does not exist, so that the answer takes as long.
  const nobody = relay.random(32);

  openRoute(app, relay, 'login/challenge', 'addressLogin', async ({ accountId, deviceId }) => ({
    nonce: toBase64url(loginNonces.issue(accountId, deviceId)),
  }));

  openRoute(app, relay, 'login', 'addressLogin', async ({ accountId, deviceId, nonce, signature }) => {
    const device = await store.device(accountId, deviceId);
    const nonceBytes = fromBase64url(nonce);
    const signed = loginBytes({ protocol: PROTOCOL_MAX, origin: relay.origin(), accountId, deviceId, nonce });
    const proven = verifyEd25519(device?.loginKey ?? nobody, signed, fromBase64url(signature));
    if (!device || !proven || !loginNonces.isOurs(nonceBytes, accountId, deviceId)) throw new ProtocolError('unauthorized');
    if (!loginNonces.use(nonceBytes)) throw new ProtocolError('unauthorized');
    // Told only to who has proven to be the device.
    if (device.blocked) throw new ProtocolError('revoked');
    return tokens.issue(device);
  });
}
