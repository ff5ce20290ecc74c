import { isIP } from 'node:net';
import type { FastifyInstance, FastifyRequest } from 'fastify';
import { ProtocolError } from '../protocol/errors.ts';
import { SOCKET_PATH } from '../protocol/http.ts';
import { addressKey } from '../relay/rate-limit.ts';
import type { Relay } from '../relay/relay.ts';
import { HEALTH_PATHS } from './health.ts';

// Our longest is that of a file of the page, with its hash.
const MAX_URL_CHARACTERS = 256;

// A name or an address, and a port.
const HOST = /^(?:\[([\d.:a-f]+)\]|([\w.-]+))(?::\d{1,5})?$/i;

/** A page of another name whose address was made to point here (DNS rebinding) sends that name. An address cannot be made to point elsewhere. */
function isOurHost(host: string | undefined, origin: string): boolean {
  const [, bracketed, plain] = HOST.exec(host ?? '') ?? [];
  const name = (bracketed ?? plain ?? '').toLowerCase();
  return name === 'localhost' || isIP(name) !== 0 || (plain !== undefined && name === new URL(origin).hostname);
}

/** Browsers say where a request comes from and cannot be made to lie; what is no browser says nothing, and is let in. */
function isCrossSite({ headers }: FastifyRequest, origin: string): boolean {
  const site = headers['sec-fetch-site'];
  return (headers.origin !== undefined && headers.origin !== origin) || site === 'cross-site' || site === 'same-site';
}

/** Before anything else is done for a request: how many there are, how long, under which name, and from whose page; none while the relay stops. */
export function installGuards(app: FastifyInstance, { limits, origin, work }: Relay): void {
  app.addHook('onRequest', async (request, reply) => {
    const { url, method, headers, raw } = request;
    const path = url.split('?', 1)[0] ?? '';
    const upgrades = raw.headers.upgrade !== undefined;
    // One that is refused is not read on: what follows was meant for another protocol.
    if (upgrades && path !== SOCKET_PATH) void reply.header('connection', 'close');
    // Every body of ours is a text whose length is known; one in chunks costs memory for each, a byte or not.
    if (headers['transfer-encoding'] !== undefined) {
      void reply.header('connection', 'close');
      throw new ProtocolError('bad_request');
    }
    if (url.length > MAX_URL_CHARACTERS) throw new ProtocolError('bad_request');
    if (HEALTH_PATHS.includes(path) && !upgrades) return;
    if (work.isStopping()) throw new ProtocolError('unavailable');
    limits.require('addressRequest', addressKey(request.ip));
    if (!isOurHost(headers.host, origin())) throw new ProtocolError('forbidden');
    if (upgrades && path !== SOCKET_PATH) throw new ProtocolError('bad_request');
    if ((upgrades || method !== 'GET') && isCrossSite(request, origin())) throw new ProtocolError('forbidden');
    if (!path.startsWith('/v1/')) limits.require('addressPage', addressKey(request.ip));
  });
}
