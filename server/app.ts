import fastifyWebsocket from '@fastify/websocket';
import Fastify, { type FastifyInstance, LogController } from 'fastify';
import type { Config } from './config/config.ts';
import { HTTP_LIMITS, type HttpLimits } from './config/http-limits.ts';
import { guardConnections } from './plugins/connections.ts';
import { traceOf, installErrors } from './plugins/errors.ts';
import { installGuards } from './plugins/guards.ts';
import { servePage } from './plugins/page.ts';
import { installSchemas } from './plugins/schemas.ts';
import { installSecurityHeaders } from './plugins/security-headers.ts';
import { systemClock, systemRandom } from './ports.ts';
import { MAX_FRAME_BYTES, MAX_REQUEST_BYTES } from './protocol/limits.ts';
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

// Frames a little too long are told so (4413); far beyond, the socket's own parser ends the connection (1009) before holding them.
const SOCKET_MAX_PAYLOAD_BYTES = 2 * MAX_FRAME_BYTES;

// Browsers send a frame in one fragment, a proxy in a few; every fragment costs memory beside its bytes.
const SOCKET_MAX_FRAGMENTS = 256;
// Packets of one fragment: the largest frame in packets of 120 bytes.
const SOCKET_MAX_BUFFERED_CHUNKS = 1_024;

const RESTARTING = 1012;

export type App = { server: FastifyInstance; relay: Relay };

/** Undefined while the relay does not listen. */
export function portOf(server: FastifyInstance): number | undefined {
  const address = server.server.address();
  return typeof address === 'object' ? address?.port : undefined;
}

/** The relay without a port: `server.inject` in tests, `server.listen` in main. */
export async function buildApp(
  config: Config,
  ports: RelayPorts = { clock: systemClock, random: systemRandom },
  http: HttpLimits = HTTP_LIMITS,
): Promise<App> {
  const server = Fastify({
    // Nothing of a request is logged: paths say little, but addresses would stand beside times.
    logger: { level: config.logLevel, base: null },
    logController: new LogController({ disableRequestLogging: true }),
    bodyLimit: MAX_REQUEST_BYTES,
    requestTimeout: http.requestTimeoutMs,
    keepAliveTimeout: http.keepAliveMs,
    http: { maxHeaderSize: http.maxHeaderBytes, headersTimeout: http.headersTimeoutMs, connectionsCheckingInterval: http.checkEveryMs },
    forceCloseConnections: true,
    trustProxy: config.trustedProxies.length > 0 && config.trustedProxies,
  });
  const origin = (): string => config.origin ?? `http://localhost:${portOf(server) ?? config.port}`;
  const relay = openRelay(config, ports, origin, {
    failed: (error) => server.log.error(traceOf(error), 'work behind the routes failed'),
    expired: (envelopes) => server.log.info({ envelopes }, 'envelopes expired'),
  });

  installSchemas(server);
  installErrors(server);
  installSecurityHeaders(server, origin);
  guardConnections(server.server, config, relay.limits);
  server.removeContentTypeParser('text/plain');
  server.addHook('onClose', () => relay.close());
  await server.register(fastifyWebsocket, {
    options: {
      maxPayload: SOCKET_MAX_PAYLOAD_BYTES,
      maxFragments: SOCKET_MAX_FRAGMENTS,
      maxBufferedChunks: SOCKET_MAX_BUFFERED_CHUNKS,
      perMessageDeflate: false,
    },
    // Told to come back; who does not answer at once is cut off, so that a restart is quick.
    preClose(done) {
      for (const socket of server.websocketServer.clients) socket.close(RESTARTING, 'unavailable');
      server.websocketServer.close(() => done());
      ports.clock.setTimer(300, () => {
        for (const socket of server.websocketServer.clients) socket.terminate();
      });
    },
  });

  // Behind the plugin, whose hook marks an upgrade: one that is refused unmarked would stay open, without a timer.
  installGuards(server, relay);
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
