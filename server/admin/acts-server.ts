import { once } from 'node:events';
import { rmSync } from 'node:fs';
import Fastify, { type FastifyInstance } from 'fastify';
import type * as v from 'valibot';
import { traceOf } from '../plugins/errors.ts';
import { installSchemas } from '../plugins/schemas.ts';
import type { Relay } from '../relay/relay.ts';
import { giveToOwner } from '../store/ownership.ts';
import { ACTS, type Act, ActRefused, NO_ROOM_STATUS, refusalSchema } from './acts.ts';
import { acts } from './perform.ts';
import { socketAddress } from './socket-address.ts';

const MAX_ACT_BYTES = 4_096;

/** The acts and nothing else, for whoever may open the socket: no token, no address, no page. */
function actsServer(relay: Relay, failed: (error: unknown) => void): FastifyInstance {
  const server = Fastify({ bodyLimit: MAX_ACT_BYTES, forceCloseConnections: true });
  installSchemas(server);
  server.setErrorHandler((error, _request, reply) => {
    if (error instanceof ActRefused) return reply.code(409).send({ refusal: error.refusal });
    const status = error instanceof Error && 'statusCode' in error ? Number(error.statusCode) : 0;
    if (status >= 400 && status < 500) return reply.code(400).serializer(JSON.stringify).send({});
    if (relay.disk.note(error)) return reply.code(NO_ROOM_STATUS).serializer(JSON.stringify).send({});
    failed(error);
    return reply.code(500).serializer(JSON.stringify).send({});
  });
  const { store, clock, random, origin, sockets, config } = relay;
  const perform = acts({ store, clock, random, origin, sockets, dataDir: config.dataDir });
  for (const [act, { body, answer }] of Object.entries(ACTS) as [Act, { body: v.GenericSchema; answer: v.GenericSchema }][]) {
    server.post(`/${act}`, { schema: { body, response: { 200: answer, 409: refusalSchema } } }, (request) =>
      perform[act](request.body as never),
    );
  }
  return server;
}

/** Listens beside the relay, which holds the folder's lock: a socket file that lies there is a dead relay's. Answers a warning, if any. */
export async function listenForActs(app: FastifyInstance, relay: Relay): Promise<string | undefined> {
  const { path, tooLong } = socketAddress(relay.config.dataDir);
  if (tooLong) {
    return `The path ${path} is too long for a socket, so commands such as "sottovoce account list" need the relay to be stopped; a shorter SOTTOVOCE_DATA helps.`;
  }
  const server = actsServer(relay, (error) => app.log.error(traceOf(error), 'an act failed'));
  app.addHook('onClose', async () => {
    server.server.close();
    server.server.closeAllConnections();
    await server.close();
  });
  await server.ready();
  if (process.platform !== 'win32') rmSync(path, { force: true });
  // Fastify's own `listen` binds later, out of reach of the mask; so the socket is the owner's alone from its first moment.
  const mask = process.platform === 'win32' ? undefined : process.umask(0o177);
  const listening = once(server.server, 'listening');
  server.server.listen({ path });
  if (mask !== undefined) process.umask(mask);
  await listening;
  if (process.platform !== 'win32') giveToOwner(relay.config.dataDir, path);
  return undefined;
}
