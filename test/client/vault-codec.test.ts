import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { decodeValue, encodeValue, freeze } from '../../client/messenger/vault/codec.ts';
import { encodeHeader, parseHeader } from '../../client/messenger/vault/header.ts';

const plain = fc.letrec((tie) => ({
  value: fc.oneof(
    { maxDepth: 4 },
    fc.constant(null),
    fc.boolean(),
    fc.double(),
    fc.maxSafeInteger(),
    fc.string({ unit: 'binary' }),
    fc.uint8Array(),
    fc.array(tie('value')),
    fc.dictionary(
      fc.string().filter((name) => name !== '__proto__'),
      tie('value'),
      { noNullPrototype: true },
    ),
  ),
})).value;

const refused = (code: string) => expect.objectContaining({ code });

describe('codec of vault records', () => {
  it('gives back every plain value, and refuses every truncation and extension of its bytes', () => {
    fc.assert(
      fc.property(plain, fc.nat(), (value, cut) => {
        const bytes = encodeValue(value);
        expect(decodeValue(bytes)).toEqual(value);
        expect(() => decodeValue(bytes.subarray(0, cut % bytes.length))).toThrow(refused('damaged'));
        expect(() => decodeValue(Uint8Array.of(...bytes, 0))).toThrow(refused('damaged'));
      }),
    );
  });

  it('answers any bytes with a value or `damaged`', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 200 }), (bytes) => {
        try {
          decodeValue(bytes);
        } catch (error) {
          expect(error).toEqual(refused('damaged'));
        }
      }),
      { numRuns: 2_000 },
    );
  });

  it.each([Number.MAX_SAFE_INTEGER, Number.MIN_SAFE_INTEGER, -0, 127, 128, -128, 2 ** 53, Number.NaN])('keeps the number %d', (number) => {
    expect(decodeValue(encodeValue(number))).toBe(number);
  });

  it('leaves out properties that are undefined', () => {
    expect(decodeValue(encodeValue({ a: undefined, b: 1 }))).toEqual({ b: 1 });
  });

  it.each([
    ['a Map', new Map()],
    ['a hole', [undefined]],
    ['a bigint', 1n],
    ['a function', () => 1],
    ['a date', new Date(0)],
    ['the prototype’s name', JSON.parse('{"__proto__":1}')],
  ])('refuses %s', (_, value) => {
    expect(() => encodeValue(value)).toThrow(refused('broken'));
  });

  it('refuses what is nested too deep, reading and writing', () => {
    let deep: unknown = 1;
    for (let level = 0; level < 33; level++) deep = [deep];
    expect(() => encodeValue(deep)).toThrow(refused('broken'));
    const arrays = new Uint8Array(80).fill(1);
    for (let at = 0; at < 78; at += 2) arrays[at] = 8;
    expect(() => decodeValue(arrays)).toThrow(refused('damaged'));
  });

  it('freezes all but bytes', () => {
    const value = freeze({ list: [{ inner: 1 }], bytes: Uint8Array.of(1) });
    expect(Object.isFrozen(value.list[0])).toBe(true);
    expect(() => value.list.push({ inner: 2 })).toThrow(TypeError);
  });
});

describe('header of the vault', () => {
  it('keeps wraps of types it does not know', () => {
    const wraps = [{ type: 'passkey', version: 1, credential: Uint8Array.of(1, 2, 3) }];
    expect(parseHeader(encodeHeader(wraps))).toEqual(wraps);
  });

  it.each([[[{ type: 'passphrase' }]], [[{ version: 1 }]], [['text']], [Array.from({ length: 17 }, () => ({ type: 'a', version: 1 }))]])(
    'refuses %j',
    (wraps) => {
      expect(() => parseHeader(encodeHeader(wraps as never))).toThrow(refused('damaged'));
    },
  );
});
