import type { FastifyInstance, FastifyRequest } from 'fastify';
import type { RateName } from '../config/rates.ts';
import { schemasOf } from '../plugins/schemas.ts';
import { ProtocolError } from '../protocol/errors.ts';
import { pathOf, ROUTES, type Route, type RouteAnswer, type RouteRequest } from '../protocol/http.ts';
import { MAX_GROUP_REQUEST_BYTES, MAX_REQUEST_BYTES } from '../protocol/limits.ts';
import { addressKey } from '../relay/rate-limit.ts';
import type { Relay } from '../relay/relay.ts';
import type { StoredDevice } from '../store/store.ts';

type OpenRoute = { [R in Route]: (typeof ROUTES)[R]['auth'] extends true ? never : R }[Route];
type DeviceRoute = Exclude<Route, OpenRoute>;

const BEARER = /^Bearer ([\w.-]+)$/;

function add(
  app: FastifyInstance,
  { work }: Relay,
  route: Route,
  onRequest: (request: FastifyRequest) => Promise<void>,
  handler: (request: FastifyRequest) => Promise<unknown>,
): void {
  app.route({
    method: 'POST',
    url: pathOf(route),
    bodyLimit: route.startsWith('groups/') ? MAX_GROUP_REQUEST_BYTES : MAX_REQUEST_BYTES,
    schema: schemasOf(ROUTES[route].body, ROUTES[route].answer),
    onRequest,
    handler: (request) => work.during(handler(request)),
  });
}

/** A route for whoever knows the right bytes: an invite, a signature. Limited by address. */
export function openRoute<R extends OpenRoute>(
  app: FastifyInstance,
  relay: Relay,
  route: R,
  rate: RateName,
  handler: (body: RouteRequest<R>) => Promise<RouteAnswer<R>>,
): void {
  const limit = async (request: FastifyRequest) => relay.limits.require(rate, addressKey(request.ip));
  add(app, relay, route, limit, (request) => handler(request.body as RouteRequest<R>));
}

/** A route for a device that logged in; who it is is known before its body is read. Limited by account. */
export function deviceRoute<R extends DeviceRoute>(
  app: FastifyInstance,
  relay: Relay,
  route: R,
  handler: (body: RouteRequest<R>, device: StoredDevice) => Promise<RouteAnswer<R>>,
): void {
  const devices = new WeakMap<FastifyRequest, StoredDevice>();
  async function authenticate(request: FastifyRequest): Promise<void> {
    const token = BEARER.exec(request.headers.authorization ?? '')?.[1];
    if (token === undefined) throw new ProtocolError('unauthorized');
    const device = await relay.tokens.verify(token);
    relay.limits.require('accountRequest', device.accountId);
    devices.set(request, device);
  }
  add(app, relay, route, authenticate, (request) => handler(request.body as RouteRequest<R>, devices.get(request) as StoredDevice));
}
