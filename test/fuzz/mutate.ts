/**
 * Inputs near valid ones: bits, bytes, cuts, repeats, two samples spliced, numbers at their edges, lengths and varints that lie.
 * Knows of the formats only what all of them share: big-endian numbers, u32 lengths, protobuf varints.
 */
import { type Bytes, concat } from '../../crypto/index.ts';
import type { Chance } from './chance.ts';

type Mutation = (chance: Chance, bytes: Bytes, samples: readonly Bytes[]) => Bytes;

const EDGES = [0, 1, 2, 0x7f, 0x80, 0xff, 0x100, 0x7fff, 0xffff, 0x1_0000, 0x7fff_ffff, 0x8000_0000, 0xffff_fffe, 0xffff_ffff];
const WIDTHS = [1, 2, 4, 4, 6, 8];
const SIZES = [0, 1, 2, 15, 16, 31, 32, 33, 64, 81, 153, 512, 1_465, 2_048, 4_096, 65_536, 65_537];
// Five bytes hold 32 bits, ten hold 64: one less, one more and no end.
const VARINTS = [
  [0xff, 0xff, 0xff, 0xff, 0x0f],
  [0xff, 0xff, 0xff, 0xff, 0x7f],
  [0x80, 0x80, 0x80, 0x80, 0x00],
  [0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x01],
  [0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80],
];

/** An input may not grow without end through splices and repeats. */
const MAX_INPUT_BYTES = 131_072;

function write(bytes: Bytes, at: number, value: number, width: number): Bytes {
  const out = bytes.slice();
  let left = value;
  for (let i = Math.min(width, out.length - at) - 1; i >= 0; i--) {
    out[at + i] = left % 256;
    left = Math.floor(left / 256);
  }
  return out;
}

function replace(bytes: Bytes, from: number, to: number, by: Uint8Array): Bytes {
  return concat(bytes.subarray(0, from), by, bytes.subarray(to));
}

/** Places that read like a u32 length: it fits in what follows. */
function lengthPlaces(bytes: Bytes): number[] {
  const places: number[] = [];
  for (let at = 0; at + 4 <= bytes.length && places.length < 256; at++) {
    const claimed = ((bytes[at + 2] as number) << 8) | (bytes[at + 3] as number);
    if (bytes[at] === 0 && bytes[at + 1] === 0 && claimed > 0 && claimed <= bytes.length - at - 4) places.push(at);
  }
  return places;
}

const MUTATIONS: readonly Mutation[] = [
  function flipBit(chance, bytes) {
    const at = chance.below(bytes.length);
    return write(bytes, at, (bytes[at] as number) ^ (1 << chance.below(8)), 1);
  },
  (chance, bytes) => write(bytes, chance.below(bytes.length), chance.below(256), 1),
  function number(chance, bytes) {
    const value = chance.one(2) ? chance.pick(EDGES) : Math.max(0, bytes.length - 8 + chance.below(16));
    return write(bytes, chance.below(bytes.length), value, chance.pick(WIDTHS));
  },
  function lyingLength(chance, bytes) {
    const at = chance.pick(lengthPlaces(bytes)) ?? chance.below(bytes.length);
    const true16 = ((bytes[at + 2] ?? 0) << 8) | (bytes[at + 3] ?? 0);
    return write(bytes, at, chance.one(2) ? chance.pick(EDGES) : Math.max(0, true16 - 2 + chance.below(5)), 4);
  },
  function varint(chance, bytes) {
    const at = chance.below(bytes.length);
    if (chance.one(3)) return replace(bytes, at, at + 1, Uint8Array.of((bytes[at] as number) | 0x80, 0));
    return replace(bytes, at, at + chance.below(3), Uint8Array.from(chance.pick(VARINTS)));
  },
  (chance, bytes) => bytes.slice(0, chance.below(bytes.length)),
  (chance, bytes) => bytes.slice(chance.below(Math.min(bytes.length, 64))),
  function drop(chance, bytes) {
    const at = chance.below(bytes.length);
    return replace(bytes, at, at + 1 + chance.below(chance.one(2) ? 4 : 64), new Uint8Array(0));
  },
  function insert(chance, bytes) {
    const at = chance.below(bytes.length + 1);
    return replace(bytes, at, at, chance.bytes(1 + chance.below(chance.one(2) ? 4 : 64)));
  },
  function repeat(chance, bytes) {
    const at = chance.below(bytes.length);
    const part = bytes.subarray(at, at + 1 + chance.below(128));
    return replace(bytes, at, at, concat(...Array.from({ length: 1 + chance.below(8) }, () => part)));
  },
  function splice(chance, bytes, samples) {
    const other = chance.pick(samples);
    return concat(bytes.subarray(0, chance.below(bytes.length + 1)), other.subarray(chance.below(other.length + 1)));
  },
  function graft(chance, bytes, samples) {
    const other = chance.pick(samples);
    const at = chance.below(Math.min(bytes.length, other.length));
    const length = 1 + chance.below(64);
    return replace(bytes, at, Math.min(bytes.length, at + length), other.subarray(at, at + length));
  },
  (chance, bytes) => concat(bytes, chance.one(2) ? new Uint8Array(1 + chance.below(64)) : chance.bytes(1 + chance.below(64))),
];

function noise(chance: Chance): Bytes {
  const length = chance.one(2) ? chance.pick(SIZES) : chance.below(400);
  return chance.one(4) ? new Uint8Array(length).fill(chance.pick([0, 1, 0xff, 0x80])) : chance.bytes(length);
}

/** One input in sixteen comes from nowhere; the others are a sample with one to four changes. */
export function nextInput(chance: Chance, samples: readonly Bytes[]): Bytes {
  if (samples.length === 0 || chance.one(16)) return noise(chance);
  let bytes = chance.pick(samples).slice();
  for (let changes = 1 + (chance.one(2) ? 0 : chance.below(4)); changes > 0; changes--) {
    if (bytes.length === 0) return bytes;
    bytes = chance.pick(MUTATIONS)(chance, bytes, samples);
  }
  return bytes.length > MAX_INPUT_BYTES ? bytes.slice(0, MAX_INPUT_BYTES) : bytes;
}
