import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { ERRORS, type ErrorCode, ProtocolError } from '../protocol/errors.ts';
import { diskFailure } from '../relay/disk.ts';

// Fastify's own refusals, in our words. What is not listed and blames the client is a bad request.
const OF_FASTIFY: Record<string, ErrorCode> = { FST_ERR_CTP_BODY_TOO_LARGE: 'too_large' };

function codeOf(error: unknown): ErrorCode {
  if (error instanceof ProtocolError) return error.code;
  if (!(error instanceof Error)) return 'internal';
  if (diskFailure(error) !== undefined) return 'unavailable';
  const code = 'code' in error ? OF_FASTIFY[String(error.code)] : undefined;
  const status = 'statusCode' in error ? Number(error.statusCode) : 500;
  return code ?? (status >= 400 && status < 500 ? 'bad_request' : 'internal');
}

/** What a log may say of a failure: where in our code, never with which values. */
export function traceOf(error: unknown): { error: string; at: string } {
  if (!(error instanceof Error)) return { error: typeof error, at: '' };
  const name = 'code' in error ? `${error.name} ${String(error.code)}` : error.name;
  return {
    error: name,
    at:
      error.stack
        ?.split('\n')
        .find((line) => line.trimStart().startsWith('at '))
        ?.trim() ?? '',
  };
}

function refuse(reply: FastifyReply, code: ErrorCode, retryAfterMs: number): void {
  if (retryAfterMs > 0) void reply.header('retry-after', Math.ceil(retryAfterMs / 1_000));
  const body = { error: retryAfterMs > 0 ? { code, retryAfterMs } : { code } };
  void reply.code(ERRORS[code].status).type('application/json; charset=utf-8').serializer(JSON.stringify).send(body);
}

/** An address that is none, found before any route or hook. */
export function refuseUnroutable(_error: unknown, _request: FastifyRequest, reply: FastifyReply): void {
  refuse(reply, 'bad_request', 0);
}

export function installErrors(app: FastifyInstance): void {
  app.setErrorHandler((error, request, reply) => {
    const code = codeOf(error);
    if (code === 'internal') request.log.error({ ...traceOf(error), route: request.routeOptions.url }, 'a request failed');
    refuse(reply, code, error instanceof ProtocolError ? error.retryAfterMs : 0);
  });
  app.setNotFoundHandler((_request, reply) => refuse(reply, 'not_found', 0));
}
