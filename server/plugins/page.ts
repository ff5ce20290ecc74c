import { extname } from 'node:path';
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { type Encoding, type PageFile, pageFiles } from './page-files.ts';

const NOT_BUILT = 'The relay runs, but its page has not been built. Start it with: npm start\n';
const INDEX = 'index.html';

/** By the ending of the name: what a page is made of. Browsers are told not to guess. */
const TYPES: Readonly<Record<string, string>> = {
  '.avif': 'image/avif',
  '.css': 'text/css; charset=utf-8',
  '.html': 'text/html; charset=utf-8',
  '.ico': 'image/x-icon',
  '.jpg': 'image/jpeg',
  '.js': 'text/javascript; charset=utf-8',
  '.json': 'application/json; charset=utf-8',
  '.map': 'application/json; charset=utf-8',
  '.mp3': 'audio/mpeg',
  '.ogg': 'audio/ogg',
  '.png': 'image/png',
  '.svg': 'image/svg+xml',
  '.txt': 'text/plain; charset=utf-8',
  '.wasm': 'application/wasm',
  '.webm': 'audio/webm',
  '.webmanifest': 'application/manifest+json',
  '.webp': 'image/webp',
  '.woff2': 'font/woff2',
};
const UNKNOWN_TYPE = 'application/octet-stream';
const COMPRESSIBLE = /^(?:text\/|application\/(?:json|manifest\+json|wasm)|image\/svg)/;

function encodingFor(request: FastifyRequest): Encoding | undefined {
  const accepted = String(request.headers['accept-encoding'] ?? '');
  return /\bbr\b/.test(accepted) ? 'br' : /\bgzip\b/.test(accepted) ? 'gzip' : undefined;
}

/**
 * Files whose names carry hashes a browser may keep for ever; the others it asks for each time. Compression is for these alone: answers of
 * the API mix what strangers sent with what is secret.
 */
async function send(request: FastifyRequest, reply: FastifyReply, path: string, file: PageFile): Promise<FastifyReply> {
  const type = TYPES[extname(path)] ?? UNKNOWN_TYPE;
  // Weak, as the same bytes go out in several encodings.
  const tag = `W/"${file.hash}"`;
  reply
    .type(type)
    .header('etag', tag)
    .header('cache-control', path.startsWith('assets/') ? 'public, max-age=31536000, immutable' : 'no-cache');
  const compressible = COMPRESSIBLE.test(type);
  if (compressible) reply.header('vary', 'accept-encoding');
  if (request.headers['if-none-match'] === tag) return reply.code(304).send();
  const encoding = compressible ? encodingFor(request) : undefined;
  if (!encoding) return reply.send(file.bytes);
  return reply.header('content-encoding', encoding).send(await file.encoded(encoding));
}

/** The client's files at /. */
export async function servePage(app: FastifyInstance, clientDir: string): Promise<void> {
  const find = pageFiles(clientDir);
  if (!find(INDEX)) {
    app.get('/', async (_request, reply) => reply.code(503).type('text/plain; charset=utf-8').serializer(String).send(NOT_BUILT));
    return;
  }
  app.get<{ Params: { '*': string } }>('/*', async (request, reply) => {
    const path = request.params['*'] || INDEX;
    const file = find(path);
    return file ? send(request, reply, path, file) : reply.callNotFound();
  });
}
