import { createServer } from 'node:http';
import type { FastifyInstance } from 'fastify';
import type { Config } from '../config/config.ts';
import { listenMistake } from '../config/listen-mistake.ts';
import type { Relay } from '../relay/relay.ts';
import type { Metrics } from './metrics.ts';
import type { Tls } from './tls.ts';

// Counting what waits reads all of it.
const COUNT_EVERY_MS = 60_000;

const HEADERS_TIMEOUT_MS = 5_000;

/** Answers at most once in a while, and the last answer in between. */
function atMostEvery<Result>(periodMs: number, monotonic: () => number, ask: () => Promise<Result>): () => Promise<Result> {
  let last: { at: number; answer: Promise<Result> } | undefined;
  return () => {
    if (!last || monotonic() - last.at >= periodMs) last = { at: monotonic(), answer: ask() };
    return last.answer;
  };
}

function listener(metrics: Metrics) {
  return createServer({ headersTimeout: HEADERS_TIMEOUT_MS, requestTimeout: HEADERS_TIMEOUT_MS }, (request, response) => {
    if (request.method !== 'GET' || request.url !== '/metrics') {
      response.writeHead(404).end();
      return;
    }
    metrics.text().then(
      (text) => response.writeHead(200, { 'content-type': metrics.contentType, 'cache-control': 'no-store' }).end(text),
      () => response.writeHead(500).end(),
    );
  });
}

/** Metrics have a port of their own, on this machine alone unless it is set otherwise, so that no proxy makes them public by mistake. */
export function serveMetrics(app: FastifyInstance, metrics: Metrics, relay: Relay, config: Config, tls: Tls | undefined): void {
  const { clock, disk, store } = relay;
  metrics.watch({
    sockets: () => app.websocketServer.clients.size,
    waiting: atMostEvery(COUNT_EVERY_MS, clock.monotonic, () => store.fill()),
    diskFreeBytes: disk.freeBytes,
    ready: relay.isReady,
    certificateExpiresAt: () => tls?.expiresAt(),
  });
  app.addHook('onResponse', async (request, reply) => metrics.request(request.routeOptions.url ?? 'none', reply.statusCode));

  const server = listener(metrics);
  app.addHook('onReady', async () => {
    await new Promise<void>((resolve, reject) => {
      server.once('error', (error) => reject(listenMistake(error, config, 'metricsHost', 'metricsPort') ?? error));
      server.listen({ host: config.metricsHost, port: config.metricsPort }, resolve);
    });
  });
  app.addHook('onClose', async () => {
    server.closeAllConnections();
    await new Promise((resolve) => server.close(resolve));
  });
}
