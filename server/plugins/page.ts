import { existsSync } from 'node:fs';
import { join } from 'node:path';
import fastifyStatic from '@fastify/static';
import type { FastifyInstance } from 'fastify';
import { installCompression } from './compression.ts';

const NOT_BUILT = 'The relay runs, but its page has not been built. Start it with: npm start\n';

/** The client's files at /. Their names carry hashes, so a browser may keep them for ever; the one without a hash it asks for each time. */
export async function servePage(app: FastifyInstance, clientDir: string): Promise<void> {
  if (!existsSync(join(clientDir, 'index.html'))) {
    app.get('/', async (_request, reply) => reply.code(503).type('text/plain; charset=utf-8').serializer(String).send(NOT_BUILT));
    return;
  }
  await app.register(async (page) => {
    installCompression(page);
    await page.register(fastifyStatic, {
      root: clientDir,
      cacheControl: false,
      setHeaders(reply, path) {
        const hashed = path.startsWith(join(clientDir, 'assets'));
        reply.header('cache-control', hashed ? 'public, max-age=31536000, immutable' : 'no-cache');
      },
    });
  });
}
