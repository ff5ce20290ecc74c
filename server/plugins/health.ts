import type { FastifyInstance } from 'fastify';
import * as v from 'valibot';
import { ProtocolError } from '../protocol/errors.ts';
import { addressKey } from '../relay/rate-limit.ts';
import type { Relay } from '../relay/relay.ts';
import { schemasOf } from './schemas.ts';

const ALIVE_PATH = '/healthz';
const READY_PATH = '/readyz';

/** Before everything else of a request: one by one within the limit of its address, and none while the relay stops. Health is told always. */
export function installGate(app: FastifyInstance, { limits, work }: Relay): void {
  app.addHook('onRequest', async (request) => {
    const { url } = request.routeOptions;
    if (url === ALIVE_PATH || url === READY_PATH) return;
    if (work.isStopping()) throw new ProtocolError('unavailable');
    limits.require('addressRequest', addressKey(request.ip));
  });
}

export function healthRoutes(app: FastifyInstance, relay: Relay): void {
  const schema = schemasOf(undefined, v.strictObject({ ok: v.literal(true) }));

  app.get(ALIVE_PATH, { schema }, async () => ({ ok: true }));

  app.get(READY_PATH, { schema }, async () => {
    if (!(await relay.isReady())) throw new ProtocolError('unavailable');
    return { ok: true };
  });
}
