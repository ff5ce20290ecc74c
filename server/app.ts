import fastifyWebsocket from '@fastify/websocket';
import Fastify, { type FastifyInstance, LogController } from 'fastify';
import type { Config } from './config/config.ts';
import { traceOf, installErrors } from './plugins/errors.ts';
import { servePage } from './plugins/page.ts';
import { installSchemas } from './plugins/schemas.ts';
import { installSecurityHeaders } from './plugins/security-headers.ts';
import { systemClock, systemRandom } from './ports.ts';
import { MAX_FRAME_BYTES, MAX_REQUEST_BYTES } from './protocol/limits.ts';
import { addressKey } from './relay/rate-limit.ts';
import { openRelay, type Relay, type RelayPorts } from './relay/relay.ts';
import { accountRoutes } from './routes/accounts.ts';
import { deviceRoutes } from './routes/devices.ts';
import { groupRoutes } from './routes/groups.ts';
import { inviteRoutes } from './routes/invites.ts';
import { loginRoutes } from './routes/login.ts';
import { prekeyRoutes } from './routes/prekeys.ts';
import { registrationRoutes } from './routes/registration.ts';
import { relayInfoRoutes } from './routes/relay-info.ts';
import { socketRoute } from './routes/socket.ts';

// A request that dawdles holds a connection; ours are small.
const REQUEST_TIMEOUT_MS = 15_000;

// Frames a little too long are told so (4413); far beyond, the socket's own parser ends the connection (1009) before holding them.
const SOCKET_MAX_PAYLOAD_BYTES = 2 * MAX_FRAME_BYTES;

const RESTARTING = 1012;

export type App = { server: FastifyInstance; relay: Relay };

/** Undefined while the relay does not listen. */
export function portOf(server: FastifyInstance): number | undefined {
  const address = server.server.address();
  return typeof address === 'object' ? address?.port : undefined;
}

/** The relay without a port: `server.inject` in tests, `server.listen` in main. `ended`: it can serve nobody any more. */
export async function buildApp(
  config: Config,
  ports: RelayPorts = { clock: systemClock, random: systemRandom },
  ended: () => void = () => undefined,
): Promise<App> {
  const server = Fastify({
    // Nothing of a request is logged: paths say little, but addresses would stand beside times.
    logger: { level: config.logLevel, base: null },
    logController: new LogController({ disableRequestLogging: true }),
    bodyLimit: MAX_REQUEST_BYTES,
    requestTimeout: REQUEST_TIMEOUT_MS,
    keepAliveTimeout: 60_000,
    forceCloseConnections: true,
    trustProxy: config.trustedProxies.length > 0 && config.trustedProxies,
  });
  const origin = (): string => config.origin ?? `http://localhost:${portOf(server) ?? config.port}`;
  const relay = await openRelay(config, ports, origin, {
    failed: (error) => server.log.error(traceOf(error), 'work behind the routes failed'),
    expired: (envelopes) => server.log.info({ envelopes }, 'envelopes expired'),
    lost: (error) => {
      server.log.fatal(traceOf(error), 'the store has ended by itself');
      ended();
    },
  });

  installSchemas(server);
  installErrors(server);
  installSecurityHeaders(server, origin);
  server.removeContentTypeParser('text/plain');
  server.addHook('onRequest', async (request) => relay.limits.require('addressRequest', addressKey(request.ip)));
  server.addHook('onClose', () => relay.close());
  await server.register(fastifyWebsocket, {
    options: { maxPayload: SOCKET_MAX_PAYLOAD_BYTES, perMessageDeflate: false },
    // Told to come back; who does not answer at once is cut off, so that a restart is quick.
    preClose(done) {
      for (const socket of server.websocketServer.clients) socket.close(RESTARTING, 'unavailable');
      server.websocketServer.close(() => done());
      ports.clock.setTimer(300, () => {
        for (const socket of server.websocketServer.clients) socket.terminate();
      });
    },
  });

  for (const routes of [
    relayInfoRoutes,
    registrationRoutes,
    loginRoutes,
    accountRoutes,
    prekeyRoutes,
    deviceRoutes,
    groupRoutes,
    inviteRoutes,
    socketRoute,
  ]) {
    routes(server, relay);
  }
  await servePage(server, config.clientDir);
  return { server, relay };
}
