import type { FastifyInstance } from 'fastify';
import * as v from 'valibot';
import { ProtocolError } from '../protocol/errors.ts';
import type { Relay } from '../relay/relay.ts';
import { schemasOf } from './schemas.ts';

export const ALIVE_PATH = '/healthz';
const READY_PATH = '/readyz';

/** Asked by machines: without limit, and under whatever name. */
export const HEALTH_PATHS: readonly string[] = [ALIVE_PATH, READY_PATH];

export function healthRoutes(app: FastifyInstance, relay: Relay): void {
  const schema = schemasOf(undefined, v.strictObject({ ok: v.literal(true) }));

  app.get(ALIVE_PATH, { schema }, async () => ({ ok: true }));

  app.get(READY_PATH, { schema }, async () => {
    if (!(await relay.isReady())) throw new ProtocolError('unavailable');
    return { ok: true };
  });
}
