import type { FastifyInstance } from 'fastify';
import { schemasOf } from '../plugins/schemas.ts';
import { RELAY_INFO_PATH, type RelayInfo, relayInfoSchema } from '../protocol/http.ts';
import { PROTOCOL_MAX, PROTOCOL_MIN } from '../protocol/version.ts';
import type { Relay } from '../relay/relay.ts';
import { RELAY_VERSION } from '../version.ts';

export function relayInfoRoutes(app: FastifyInstance, relay: Relay): void {
  app.get(
    RELAY_INFO_PATH,
    { schema: schemasOf(undefined, relayInfoSchema) },
    async (): Promise<RelayInfo> => ({
      name: 'sottovoce',
      version: RELAY_VERSION,
      protocol: { min: PROTOCOL_MIN, max: PROTOCOL_MAX },
      origin: relay.origin(),
      registration: 'invite',
      invitesBy: relay.config.invitesBy,
      certificateKey: { kty: 'OKP', crv: 'Ed25519', x: relay.certificateKeyX },
    }),
  );
}
