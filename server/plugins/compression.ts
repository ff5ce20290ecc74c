import { Readable } from 'node:stream';
import { constants, createBrotliCompress, createGzip } from 'node:zlib';
import type { FastifyInstance } from 'fastify';

const COMPRESSIBLE = /^(?:text\/|application\/(?:javascript|json|manifest\+json|wasm)|image\/svg)/;

// Halfway: hashed assets are fetched once a browser, so the last per cent is not worth the relay's time.
const BROTLI_QUALITY = 5;

/** Compresses the page's files. Answers of the API are left alone: they mix what strangers sent with what is secret. */
export function installCompression(app: FastifyInstance): void {
  app.addHook('onSend', async (request, reply, payload) => {
    const type = String(reply.getHeader('content-type') ?? '');
    if (!(payload instanceof Readable) || reply.statusCode !== 200 || !COMPRESSIBLE.test(type)) return payload;
    const accepted = String(request.headers['accept-encoding'] ?? '');
    reply.header('vary', 'accept-encoding');
    const encoding = /\bbr\b/.test(accepted) ? 'br' : /\bgzip\b/.test(accepted) ? 'gzip' : undefined;
    if (!encoding) return payload;
    reply.header('content-encoding', encoding).removeHeader('content-length');
    const compress =
      encoding === 'br' ? createBrotliCompress({ params: { [constants.BROTLI_PARAM_QUALITY]: BROTLI_QUALITY } }) : createGzip();
    payload.on('error', (error) => compress.destroy(error));
    return payload.pipe(compress);
  });
}
