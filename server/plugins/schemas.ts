import type { FastifyInstance, FastifySchema } from 'fastify';
import * as v from 'valibot';
import { ProtocolError } from '../protocol/errors.ts';
import { errorBodySchema } from '../protocol/http.ts';

/** Schemas both ways: a request that does not parse is refused, an answer that does not parse is never sent. */
export function installSchemas(app: FastifyInstance): void {
  app.setValidatorCompiler<v.GenericSchema>(({ schema }) => (data) => {
    const parsed = v.safeParse(schema, data, { abortEarly: true });
    return parsed.success ? { value: parsed.output } : { error: new ProtocolError('bad_request') };
  });
  app.setSerializerCompiler<v.GenericSchema>(
    ({ schema }) =>
      (data) =>
        JSON.stringify(v.parse(schema, data)),
  );
}

export function schemasOf(body: v.GenericSchema | undefined, answer: v.GenericSchema): FastifySchema {
  const response = { 200: answer, '4xx': errorBodySchema, '5xx': errorBodySchema };
  return body ? { body, response } : { response };
}
