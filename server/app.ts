import type { IncomingMessage } from 'node:http';
import type { Socket } from 'node:net';
import fastifyWebsocket from '@fastify/websocket';
import Fastify, { type FastifyInstance, type FastifyServerOptions, LogController } from 'fastify';
import type { Config } from './config/config.ts';
import { derivedOrigin } from './config/origin.ts';
import { installErrors, refuseUnroutable } from './plugins/errors.ts';
import { healthRoutes } from './plugins/health.ts';
import { logOptions, operatorLog } from './plugins/log.ts';
import { serveMetrics } from './plugins/metrics-listener.ts';
import { HTTP_LIMITS, type HttpLimits } from './config/http-limits.ts';
import { guardConnections } from './plugins/connections.ts';
import { installGuards } from './plugins/guards.ts';
import { servePage } from './plugins/page.ts';
import { endHasty } from './plugins/haste.ts';
import { installSchemas } from './plugins/schemas.ts';
import { installSecurityHeaders } from './plugins/security-headers.ts';
import { openTls, type Tls } from './plugins/tls.ts';
import { systemClock, systemRandom } from './ports.ts';
import { SOCKET_PATH } from './protocol/http.ts';
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

// From the request for a socket until it is one.
const UPGRADE_TIMEOUT_MS = 5_000;

const GOODBYE_PATIENCE_MS = 300;

/** Nowhere else: a request that asks for an upgrade leaves HTTP's care, with its timeouts, whatever it is then answered. */
const mayUpgrade = ({ method, url }: IncomingMessage): boolean => method === 'GET' && url === SOCKET_PATH;

export type App = { server: FastifyInstance; relay: Relay; tls: Tls | undefined };

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
  http: HttpLimits = HTTP_LIMITS,
): Promise<App> {
  // Loaded only where it is used.
  const metrics = config.metricsPort ? (await import('./plugins/metrics.ts')).openMetrics() : undefined;
  const tls = openTls(config, ports.clock, {
    loaded() {
      metrics?.certificate('loaded');
      server.log.info('a new certificate is in place');
    },
    kept(why) {
      metrics?.certificate('kept');
      server.log.warn({ why }, 'the new certificate is not good, and the one before stays');
    },
    doubtful: (why) => server.log.warn({ why }, 'browsers will warn of the certificate'),
  });
  const guards = {
    shouldUpgradeCallback: mayUpgrade,
    maxHeaderSize: http.maxHeaderBytes,
    headersTimeout: http.headersTimeoutMs,
    connectionsCheckingInterval: http.checkEveryMs,
  };
  const options: FastifyServerOptions & { https?: object; http?: object } = {
    // Nothing of a request is logged: paths say little, but addresses would stand beside times.
    logger: logOptions(config.logLevel),
    logController: new LogController({ disableRequestLogging: true }),
    bodyLimit: MAX_REQUEST_BYTES,
    requestTimeout: http.requestTimeoutMs,
    keepAliveTimeout: http.keepAliveMs,
    forceCloseConnections: true,
    frameworkErrors: refuseUnroutable,
    // We say so ourselves, in the protocol's words.
    return503OnClosing: false,
    trustProxy: config.trustedProxies.length > 0 && config.trustedProxies,
    ...(tls ? { https: { ...tls.options, ...guards } } : { http: guards }),
  };
  const server: FastifyInstance = Fastify(options);
  const origin = (): string => config.origin ?? derivedOrigin(tls ? 'https' : 'http', tls?.name, portOf(server) ?? config.port);
  const log = operatorLog(server.log, ports.clock, ended);
  const relay = await openRelay(config, ports, origin, log, metrics?.counts);

  installSchemas(server);
  installErrors(server);
  installSecurityHeaders(server, origin);
  guardConnections(server.server, config, relay.limits);
  endHasty(server.server);
  server.removeContentTypeParser('text/plain');
  server.addHook('onError', async (_request, _reply, error) => void relay.disk.note(error));
  server.addHook('onClose', () => {
    tls?.stop();
    log.flush();
    return relay.close();
  });
  tls?.watch(server.server);
  await server.register(fastifyWebsocket, {
    options: {
      maxPayload: SOCKET_MAX_PAYLOAD_BYTES,
      maxFragments: SOCKET_MAX_FRAGMENTS,
      maxBufferedChunks: SOCKET_MAX_BUFFERED_CHUNKS,
      perMessageDeflate: false,
    },
    // Told to come back when what they submitted is on disk and answered. Who does not answer at once is cut off, so that a restart is quick.
    async preClose() {
      await relay.drain();
      for (const socket of server.websocketServer.clients) socket.close(RESTARTING, 'unavailable');
      ports.clock.setTimer(GOODBYE_PATIENCE_MS, () => {
        for (const socket of server.websocketServer.clients) socket.terminate();
      });
      await new Promise((resolve) => server.websocketServer.close(resolve));
    },
  });

  // A connection that asked for an upgrade and got none is nobody's any more. What was upgraded has no such limit: `ws` lifts it.
  server.server.on('upgrade', (_request, socket: Socket) => socket.setTimeout(UPGRADE_TIMEOUT_MS, () => socket.destroy()));
  // Behind the plugin, whose hook marks an upgrade: one that is refused unmarked would stay open, without a timer.
  installGuards(server, relay);
  if (metrics) serveMetrics(server, metrics, relay, config, tls);
  for (const routes of [
    relayInfoRoutes,
    healthRoutes,
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
  return { server, relay, tls };
}
