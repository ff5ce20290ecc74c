import { createHash } from 'node:crypto';
import type { Bytes } from '../../crypto/index.ts';

/** A fast stream of chance that a seed repeats. For choosing inputs, never for keys. */
export type Chance = {
  /** 0 to `below` − 1. */
  below(below: number): number;
  bytes(length: number): Bytes;
  pick<T>(list: readonly T[]): T;
  /** True one time in `of`. */
  one(of: number): boolean;
};

/** sfc32 (C. Doty-Humphrey's small fast counting generator), seeded by a hash of the text. */
export function chanceOf(seed: string): Chance {
  const words = new Uint32Array(new Uint8Array(createHash('sha256').update(seed).digest()).buffer);
  let [a = 0, b = 0, c = 0, counter = 1] = words;

  function next(): number {
    const sum = (((a + b) | 0) + counter) | 0;
    counter = (counter + 1) | 0;
    a = b ^ (b >>> 9);
    b = (c + (c << 3)) | 0;
    c = ((c << 21) | (c >>> 11)) + sum;
    c |= 0;
    return sum >>> 0;
  }

  const below = (bound: number): number => (bound <= 1 ? 0 : next() % bound);
  return {
    below,
    bytes(length) {
      const out = new Uint8Array(length);
      for (let i = 0; i < length; i++) out[i] = next() >>> 13;
      return out;
    },
    pick: (list) => list[below(list.length)] as never,
    one: (of) => below(of) === 0,
  };
}
