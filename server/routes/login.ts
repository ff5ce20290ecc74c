import type { FastifyInstance } from 'fastify';
import { fromBase64url, toBase64url } from '../protocol/bytes.ts';
import { ProtocolError } from '../protocol/errors.ts';
import { loginBytes } from '../protocol/signed-requests.ts';
import { PROTOCOL_MAX } from '../protocol/version.ts';
import { NOBODY, verifyEd25519 } from '../relay/ed25519.ts';
import type { Relay } from '../relay/relay.ts';
import { openRoute } from './route.ts';

export function loginRoutes(app: FastifyInstance, relay: Relay): void {
  const { limits, loginNonces, store, tokens } = relay;

  openRoute(app, relay, 'login/challenge', async ({ accountId, deviceId }) => ({
    nonce: toBase64url(loginNonces.issue(accountId, deviceId)),
  }));

  openRoute(app, relay, 'login', async ({ accountId, deviceId, nonce, signature }, address) => {
    const device = await store.device(accountId, deviceId);
    const nonceBytes = fromBase64url(nonce);
    const signed = loginBytes({ protocol: PROTOCOL_MAX, origin: relay.origin(), accountId, deviceId, nonce });
    const proven = verifyEd25519(device?.loginKey ?? NOBODY, signed, fromBase64url(signature));
    const fresh = loginNonces.isOurs(nonceBytes, accountId, deviceId);
    if (!device || !proven || !fresh || !loginNonces.use(nonceBytes)) {
      limits.require('addressDenied', address);
      throw new ProtocolError('unauthorized');
    }
    // Told only to who has proven to be the device.
    if (device.blocked) throw new ProtocolError('revoked');
    return tokens.issue(device);
  });
}
