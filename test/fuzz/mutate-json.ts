/** JSON near a valid one: a value of another type, a field missing, added or doubled, numbers and texts at their edges, deep nests. */
import { type Bytes, utf8 } from '../../crypto/index.ts';
import type { Chance } from './chance.ts';
import { nextInput } from './mutate.ts';

type Json = null | boolean | number | string | Json[] | { [name: string]: Json };

const NUMBERS = [0, -1, 1, 0.5, -0, 2 ** 31 - 1, 2 ** 31, 2 ** 32 - 1, 2 ** 32, 2 ** 53 - 1, 2 ** 53, 1e308, -1e308];
const NAMES = ['__proto__', 'constructor', 'toString', 'length', '', 'kind', 'version', 'groupId', 'accountId'];
const TEXTS = ['', '=', 'A', 'AAAA', '-_-_', 'ÿ', '\ud800', '\u0000', 'true', '1', '__proto__', 'a'.repeat(100)];
const LONG_TEXTS = ['a'.repeat(70_000), '🎵'.repeat(10_001)];

// What is repeated must be small, or three changes in a row make gigabytes.
const MAX_REPEATED = 200;

function nest(chance: Chance): Json {
  let value: Json = 1;
  for (let depth = chance.one(16) ? 3_000 : chance.pick([3, 40]); depth > 0; depth--) value = depth % 2 === 0 ? [value] : { a: value };
  return value;
}

function anything(chance: Chance): Json {
  return chance.pick<() => Json>([
    () => null,
    () => chance.one(2),
    () => chance.pick(NUMBERS),
    () => (chance.one(16) ? chance.pick(LONG_TEXTS) : chance.pick(TEXTS)),
    () => [],
    () => ({}),
    () => Array.from({ length: chance.pick([1, 21, 101, 1_025]) }, () => 1),
    () => nest(chance),
  ])();
}

function changedText(chance: Chance, text: string): string {
  const at = chance.below(text.length + 1);
  return chance.pick([
    () => text.slice(0, at),
    () => `${text.slice(0, at)}${chance.pick(TEXTS)}${text.slice(at)}`,
    () => text.slice(0, 1_000).repeat(2),
    () => text.slice(0, at) + String.fromCharCode(chance.below(300)) + text.slice(at + 1),
    () => text.toUpperCase(),
  ])();
}

function changedObject(chance: Chance, value: { [name: string]: Json }): Json {
  const entries = Object.entries(value);
  const at = chance.below(entries.length);
  if (chance.one(4)) entries.splice(at, 1);
  else if (chance.one(4) || entries.length === 0) entries.push([chance.pick(NAMES), anything(chance)]);
  else entries[at] = [(entries[at] as [string, Json])[0], changed(chance, (entries[at] as [string, Json])[1])];
  // Not Object.fromEntries: `__proto__` is to be a field of its own, as JSON.parse makes it.
  return JSON.parse(`{${entries.map(([name, inner]) => `${JSON.stringify(name)}:${JSON.stringify(inner)}`).join()}}`) as Json;
}

function changed(chance: Chance, value: Json): Json {
  if (chance.one(4)) return anything(chance);
  if (typeof value === 'string') return changedText(chance, value);
  if (typeof value === 'number') return chance.one(2) ? chance.pick(NUMBERS) : value + chance.below(5) - 2;
  if (Array.isArray(value)) {
    const list = value.slice();
    const at = chance.below(list.length);
    if (chance.one(4)) list.splice(at, 1);
    else if (chance.one(4) || list.length === 0) {
      const part = list[at] ?? null;
      const small = JSON.stringify(part).length <= MAX_REPEATED;
      return Array.from({ length: small ? chance.pick([2, 21, 101, 257]) : 2 }, () => part);
    } else list[at] = changed(chance, list[at] as Json);
    return list;
  }
  if (typeof value === 'object' && value !== null) return changedObject(chance, value);
  return anything(chance);
}

/** Text of JSON: three in four changed as values, the others as bytes. */
export function nextJson(chance: Chance, samples: readonly unknown[]): Bytes {
  const encoded = samples.map((sample) => utf8(JSON.stringify(sample)));
  if (chance.one(4)) return nextInput(chance, encoded);
  let value = chance.pick(samples) as Json;
  for (let changes = 1 + chance.below(3); changes > 0; changes--) value = changed(chance, value);
  return utf8(JSON.stringify(value));
}
