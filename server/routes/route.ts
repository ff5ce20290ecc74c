import type { FastifyInstance, FastifyRequest } from 'fastify';
import { schemasOf } from '../plugins/schemas.ts';
import { pathOf, ROUTES, type Route, type RouteAnswer, type RouteRequest } from '../protocol/http.ts';
import { addressKey } from '../relay/rate-limit.ts';
import type { Relay } from '../relay/relay.ts';
import type { StoredDevice } from '../store/store.ts';
import { ROUTE_RULES } from './route-rules.ts';

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
    bodyLimit: ROUTE_RULES[route].bodyBytes,
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
  handler: (body: RouteRequest<R>, address: string) => Promise<RouteAnswer<R>>,
): void {
  async function limit(request: FastifyRequest): Promise<void> {
    for (const rate of ROUTE_RULES[route].rates) relay.limits.require(rate, addressKey(request.ip));
  }
  add(app, relay, route, limit, (request) => handler(request.body as RouteRequest<R>, addressKey(request.ip)));
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
    const token = BEARER.exec(request.headers.authorization ?? '')?.[1] ?? '';
    const device = await relay.tokens.verify(token).catch((error: unknown) => {
      relay.limits.require('addressDenied', addressKey(request.ip));
      throw error;
    });
    for (const rate of ROUTE_RULES[route].rates) relay.limits.require(rate, device.accountId);
    devices.set(request, device);
  }
  add(app, relay, route, authenticate, (request) => handler(request.body as RouteRequest<R>, devices.get(request) as StoredDevice));
}
