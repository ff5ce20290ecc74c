/**
 * What a family of vectors is: a list of cases over plain JSON, and one function that does with a case's input what the case is about.
 * Runs in Node and in a page alike, so nothing here or in a family may reach for either. Bytes are lower-case hex, times milliseconds,
 * and all randomness is input: a case gives the same output wherever it runs.
 */
import type { GroupShape } from './shape.ts';
import { type Bytes, type CryptoErrorCode, fromHex, type RandomBytes } from './hex.ts';

export type Json = null | boolean | number | string | Json[] | { [name: string]: Json };
export type JsonObject = { [name: string]: Json };

/** Why a case exists; a case names its flags, the file explains them once (Wycheproof's `notes`). */
export type Note = {
  bugType: 'BASIC' | 'EDGE_CASE' | 'MALFORMED' | 'AUTH_BYPASS' | 'CONFIDENTIALITY' | 'MISSING_STEP' | 'CONFUSION' | 'REPLAY' | 'STATE';
  description: string;
  /** What goes wrong in an implementation that fails such a case. */
  effect?: string;
  links?: string[];
};

/** One place. `at` counts bytes of hex, else characters; without it the whole value is another, as JSON. What is long stands as its SHA-256. */
export type Difference = { field: string; at?: number; was: string; is: string };
export type Neighbour = { from: number; in: Difference[] };

export type Case = {
  tcId: number;
  comment: string;
  flags: string[];
  input: JsonObject;
  result: 'valid' | 'invalid';
  /** What a valid case gives, intermediate values included. */
  expected?: JsonObject;
  /** The class of the failure of an invalid case: a code of crypto/errors.ts. */
  error?: CryptoErrorCode;
  /** On every invalid case: nothing given was changed by the attempt. */
  stateUnchanged?: true;
  /** On every invalid case: the valid one nearest to it, by tcId, and all that is other. */
  differs?: Neighbour;
};

export type Group = { type: string; tests: Case[] };

export type VectorFile = {
  algorithm: string;
  schema: string;
  generatorVersion: string;
  numberOfTests: number;
  header: string[];
  notes: Record<string, Note>;
  testGroups: Group[];
};

/** What a run is given besides the input. */
export type Given = {
  /** From hex. Remembered: after the case these bytes must be what they were. */
  bytes(hex: Json | undefined): Bytes;
  /** Hands out these bytes in order, as often as asked; asking for more than there is fails the case. */
  random(hex: Json | undefined): RandomBytes;
};

export type Family = {
  /** The file's name, and the format page's. */
  name: string;
  algorithm: string;
  notes: Record<string, Note>;
  /** By type of group. */
  shapes: Record<string, GroupShape>;
  /** Makes all cases. Called in Node alone; the same seed gives the same file. */
  generate(make: Make): Promise<void>;
  /** Does what a case of that group type is about, and gives what the case expects. Throws `CryptoError`. */
  run(type: string, input: JsonObject, given: Given): Promise<JsonObject>;
};

/** How a family makes its cases. Each is run at once: a valid one for what it gives, an invalid one to see that it fails as it must. */
export type Make = {
  /** Fresh bytes of the family's seed. */
  random: RandomBytes;
  group(type: string): void;
  valid(comment: string, flags: readonly string[], input: JsonObject): Promise<JsonObject>;
  invalid(comment: string, flags: readonly string[], input: JsonObject, error: CryptoErrorCode): Promise<void>;
};

/** What was given to one run, whether it is still what it was, and whether all randomness was drawn each time it was handed out. */
export function given(): Given & { unchanged(): boolean; spent(): boolean } {
  const tapes: { left: Bytes }[] = [];
  const handed: { bytes: Bytes; copy: Bytes }[] = [];
  const bytes = (hex: Json | undefined): Bytes => {
    if (typeof hex !== 'string') throw new TypeError('hex expected');
    const made = fromHex(hex);
    handed.push({ bytes: made, copy: made.slice() });
    return made;
  };
  return {
    bytes,
    random(hex) {
      const tape = { left: fromHex(typeof hex === 'string' ? hex : '') };
      tapes.push(tape);
      return (length) => {
        if (tape.left.length < length)
          throw new RangeError(`the case has ${tape.left.length} random bytes left, and ${length} were asked for`);
        const next = tape.left.slice(0, length);
        tape.left = tape.left.slice(length);
        return next;
      };
    },
    spent: () => tapes.every(({ left }) => left.length === 0),
    unchanged: () => handed.every(({ bytes: now, copy }) => now.length === copy.length && now.every((byte, at) => byte === copy[at])),
  };
}
