/**
 * Plain values ↔ bytes for sealed records: null, booleans, numbers, strings, `Uint8Array`, arrays and plain objects. Compact (a
 * property name is written once in a record) and exact. What it reads was authenticated before, so a failure means a fault of an
 * earlier build: `damaged`.
 *   value = tag u8 ‖ …     integers as base-128 varints, floats as IEEE 754 big-endian, strings and bytes with their length
 */
import { type Bytes, fromUtf8, utf8 } from '../../../crypto/index.ts';
import { Failure } from '../api.ts';

const TAG = { null: 0, false: 1, true: 2, natural: 3, negative: 4, float: 5, string: 6, bytes: 7, array: 8, object: 9 } as const;

// Deeper than any record; shallow enough for every stack.
const MAX_DEPTH = 32;

type Output = { bytes: Bytes; at: number; names: Map<string, number> };

function room(out: Output, length: number): void {
  if (out.at + length <= out.bytes.length) return;
  const larger = new Uint8Array(Math.max(out.bytes.length * 2, out.at + length));
  larger.set(out.bytes);
  out.bytes = larger;
}

function writeByte(out: Output, byte: number): void {
  room(out, 1);
  out.bytes[out.at++] = byte;
}

function writeVarint(out: Output, value: number): void {
  let left = value;
  while (left >= 128) {
    writeByte(out, (left % 128) + 128);
    left = Math.floor(left / 128);
  }
  writeByte(out, left);
}

function writeSized(out: Output, bytes: Uint8Array): void {
  writeVarint(out, bytes.length);
  room(out, bytes.length);
  out.bytes.set(bytes, out.at);
  out.at += bytes.length;
}

function writeNumber(out: Output, value: number): void {
  if (Number.isSafeInteger(value) && !Object.is(value, -0)) {
    writeByte(out, value < 0 ? TAG.negative : TAG.natural);
    writeVarint(out, value < 0 ? -1 - value : value);
    return;
  }
  writeByte(out, TAG.float);
  room(out, 8);
  new DataView(out.bytes.buffer).setFloat64(out.at, value);
  out.at += 8;
}

function writeName(out: Output, name: string): void {
  // Would set the prototype instead of a property when read.
  if (name === '__proto__') throw new Failure('broken');
  const known = out.names.get(name);
  writeVarint(out, known ?? out.names.size);
  if (known !== undefined) return;
  out.names.set(name, out.names.size);
  writeSized(out, utf8(name));
}

function writeObject(out: Output, value: object, depth: number): void {
  const prototype: unknown = Object.getPrototypeOf(value);
  if (prototype !== Object.prototype && prototype !== null) throw new Failure('broken');
  const properties = Object.entries(value).filter(([, inner]) => inner !== undefined);
  writeByte(out, TAG.object);
  writeVarint(out, properties.length);
  for (const [name, inner] of properties) {
    writeName(out, name);
    writeValue(out, inner, depth + 1);
  }
}

function writeValue(out: Output, value: unknown, depth: number): void {
  if (depth > MAX_DEPTH) throw new Failure('broken');
  if (value === null) writeByte(out, TAG.null);
  else if (typeof value === 'boolean') writeByte(out, value ? TAG.true : TAG.false);
  else if (typeof value === 'number') writeNumber(out, value);
  else if (typeof value === 'string') {
    writeByte(out, TAG.string);
    writeSized(out, utf8(value));
  } else if (value instanceof Uint8Array) {
    writeByte(out, TAG.bytes);
    writeSized(out, value);
  } else if (Array.isArray(value)) {
    writeByte(out, TAG.array);
    writeVarint(out, value.length);
    for (const inner of value) writeValue(out, inner, depth + 1);
  } else if (typeof value === 'object') writeObject(out, value, depth);
  // A Map, function, bigint or hole in an array is a fault of the caller: better found here than missing after the next unlock.
  else throw new Failure('broken');
}

/** Properties that are `undefined` are left out. Throws `broken` for what is no plain value. */
export function encodeValue(value: unknown): Bytes {
  const out: Output = { bytes: new Uint8Array(256), at: 0, names: new Map() };
  writeValue(out, value, 0);
  return out.bytes.slice(0, out.at);
}

type Input = { bytes: Uint8Array; at: number; names: string[] };

function take(input: Input, length: number): Uint8Array {
  if (length > input.bytes.length - input.at) throw new Failure('damaged');
  input.at += length;
  return input.bytes.subarray(input.at - length, input.at);
}

function readVarint(input: Input): number {
  let value = 0;
  for (let scale = 1; scale < 2 ** 56; scale *= 128) {
    const byte = take(input, 1)[0] as number;
    value += (byte % 128) * scale;
    if (byte < 128 && Number.isSafeInteger(value)) return value;
    if (byte < 128) break;
  }
  throw new Failure('damaged');
}

function readText(input: Input): string {
  const bytes = take(input, readVarint(input));
  try {
    return fromUtf8(bytes);
  } catch {
    throw new Failure('damaged');
  }
}

function readName(input: Input): string {
  const index = readVarint(input);
  if (index === input.names.length) input.names.push(readText(input));
  const name = input.names[index];
  if (name === undefined || name === '__proto__') throw new Failure('damaged');
  return name;
}

function readValue(input: Input, depth: number): unknown {
  if (depth > MAX_DEPTH) throw new Failure('damaged');
  const tag = take(input, 1)[0];
  switch (tag) {
    case TAG.null:
      return null;
    case TAG.false:
    case TAG.true:
      return tag === TAG.true;
    case TAG.natural:
      return readVarint(input);
    case TAG.negative:
      return -1 - readVarint(input);
    case TAG.float: {
      const bytes = take(input, 8);
      return new DataView(bytes.buffer, bytes.byteOffset, 8).getFloat64(0);
    }
    case TAG.string:
      return readText(input);
    case TAG.bytes:
      return take(input, readVarint(input)).slice();
    case TAG.array: {
      const count = readVarint(input);
      const out: unknown[] = [];
      for (let i = 0; i < count; i++) out.push(readValue(input, depth + 1));
      return out;
    }
    case TAG.object: {
      const count = readVarint(input);
      const out: Record<string, unknown> = {};
      for (let i = 0; i < count; i++) {
        const name = readName(input);
        out[name] = readValue(input, depth + 1);
      }
      return out;
    }
    default:
      throw new Failure('damaged');
  }
}

export function decodeValue(bytes: Uint8Array): unknown {
  const input: Input = { bytes, at: 0, names: [] };
  const value = readValue(input, 0);
  if (input.at !== bytes.length) throw new Failure('damaged');
  return value;
}

/** So that a value in the cache cannot be changed without a commit. The bytes inside cannot be frozen: they are not to be written to. */
export function freeze<T>(value: T): T {
  if (typeof value !== 'object' || value === null || value instanceof Uint8Array || Object.isFrozen(value)) return value;
  for (const inner of Object.values(value)) freeze(inner);
  return Object.freeze(value);
}
