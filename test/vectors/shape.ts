/** What a field of a case looks like, once for the schema that is published and for nothing else: families name their fields with these. */
import type { Family, Json, JsonObject } from './family.ts';

export type Shape = JsonObject;

/** Lower-case hex of exactly so many bytes, or of any number. */
export const hex = (bytes?: number): Shape => ({
  type: 'string',
  pattern: bytes === undefined ? '^(?:[0-9a-f]{2})*$' : `^[0-9a-f]{${2 * bytes}}$`,
});
export const int: Shape = { type: 'integer', minimum: 0, maximum: Number.MAX_SAFE_INTEGER };
export const text: Shape = { type: 'string' };
export const flag: Shape = { type: 'boolean' };
export const oneOf = (...values: readonly Json[]): Shape => ({ enum: [...values] });
export const list = (items: Shape): Shape => ({ type: 'array', items });
export const nullable = (shape: Shape): Shape => ({ anyOf: [shape, { type: 'null' }] });

/** All fields are there but those whose name ends in `?`; no others. */
export function object(fields: Record<string, Shape>): Shape {
  const names = Object.keys(fields);
  return {
    type: 'object',
    additionalProperties: false,
    required: names.filter((name) => !name.endsWith('?')),
    properties: Object.fromEntries(names.map((name) => [name.replace(/\?$/, ''), fields[name] as Shape])),
  };
}

/** Input and expected output of one type of group. Inputs of invalid cases may be of any size: that is often what is wrong with them. */
export type GroupShape = { input: Record<string, Shape>; expected: Record<string, Shape> };

const differs = object({
  from: { type: 'integer', minimum: 1 },
  in: { ...list(object({ field: text, 'at?': int, was: text, is: text })), minItems: 1 },
});

function caseSchema({ input, expected }: GroupShape, notes: readonly string[]): Shape {
  const common = {
    tcId: { type: 'integer', minimum: 1 },
    comment: text,
    flags: { ...list(oneOf(...notes)), minItems: 1 },
    input: object(input),
  };
  return {
    oneOf: [
      object({ ...common, result: oneOf('valid'), expected: object(expected) }),
      object({
        ...common,
        result: oneOf('invalid'),
        error: { type: 'string', pattern: '^[a-z-]+$' },
        stateUnchanged: oneOf(true),
        differs,
      }),
    ],
  };
}

/** JSON Schema 2020-12 of a family's file. */
export function schemaOf({ name, algorithm, notes, shapes }: Family): Shape {
  const note = object({ bugType: text, description: text, 'effect?': text, 'links?': list(text) });
  const groups = Object.entries(shapes).map(([type, shape]) =>
    object({ type: oneOf(type), tests: { ...list(caseSchema(shape, Object.keys(notes))), minItems: 1 } }),
  );
  return {
    $schema: 'https://json-schema.org/draft/2020-12/schema',
    title: algorithm,
    ...object({
      algorithm: oneOf(algorithm),
      schema: oneOf(`../schemas/${name}.schema.json`),
      generatorVersion: { type: 'string', pattern: '^[0-9]+[.][0-9]+[.][0-9]+$' },
      numberOfTests: { type: 'integer', minimum: 1 },
      header: list(text),
      notes: object(Object.fromEntries(Object.keys(notes).map((flagName) => [flagName, note]))),
      testGroups: { ...list({ oneOf: groups }), minItems: 1 },
    }),
  };
}
