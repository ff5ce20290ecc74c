import { type Bytes, CRYPTO_ERROR_CODES, CryptoError, type RandomBytes } from '../../crypto/index.ts';
import type { Chance } from './chance.ts';

/** What one input costs, about: a few µs; a signature or seal, 0.2 ms; a key encapsulation or a whole conversation, 10 ms and more. */
export type Cost = 'parse' | 'compute' | 'heavy';

/** A decoder made ready: everything it is called with besides the input stands here. */
export type Ready = {
  /** Valid inputs: the mutations start from them, and each must still go through whatever was fed before. */
  samples: readonly Bytes[];
  /** Hands one input over. What it throws must be a refusal; an assertion of its own throws something else. */
  feed(input: Bytes): unknown;
  /** Instead of mutated samples, where bytes are not what is mutated. */
  next?: (chance: Chance) => Bytes;
  /** Values that are handed in with every input. They must stay as they are. */
  held?: readonly Uint8Array[];
};

export type Target = {
  name: string;
  /** Exported functions that this feeds (test/house/fuzz-targets.test.ts wants every one of them fed). */
  covers: readonly string[];
  cost: Cost;
  /** Whether an error is this room's way to refuse. */
  isRefusal: (error: unknown) => boolean;
  prepare(random: RandomBytes): Promise<Ready>;
};

const CODES: ReadonlySet<string> = new Set(CRYPTO_ERROR_CODES);

/** A `CryptoError` of the closed set that carries its code and nothing else. */
export function isCryptoRefusal(error: unknown): boolean {
  if (!(error instanceof CryptoError)) return false;
  return CODES.has(error.code) && error.message === error.code && error.cause === undefined;
}

export function cryptoTarget(name: string, cost: Cost, covers: readonly string[], prepare: Target['prepare']): Target {
  return { name, cost, covers, prepare, isRefusal: isCryptoRefusal };
}

/** What a target throws when a decoder did what it must not. */
export function demand(condition: boolean, what: string): asserts condition {
  if (!condition) throw new Error(what);
}

export function same(a: Uint8Array, b: Uint8Array): boolean {
  return Buffer.compare(a, b) === 0;
}

/** For what is signed or sealed: nothing passes but what was made. */
export function demandGenuine(input: Bytes, samples: readonly Bytes[]): void {
  demand(
    samples.some((sample) => same(sample, input)),
    'accepted what nobody made',
  );
}

/** Several byte strings in one input (u16 length, bytes), so that they can be dropped, doubled and put in another order. */
export function pack(parts: readonly Uint8Array[]): Bytes {
  const out = new Uint8Array(parts.reduce((sum, part) => sum + 2 + part.length, 0));
  let at = 0;
  for (const part of parts) {
    out.set([part.length >> 8, part.length & 0xff], at);
    out.set(part, at + 2);
    at += 2 + part.length;
  }
  return out;
}

/** Takes any bytes: the last part is what is left. */
export function unpack(input: Bytes, atMost = 700): Bytes[] {
  const parts: Bytes[] = [];
  for (let at = 0; at < input.length && parts.length < atMost; ) {
    const length = ((input[at] as number) << 8) | (input[at + 1] ?? 0);
    parts.push(input.slice(at + 2, at + 2 + length));
    at += 2 + length;
  }
  return parts;
}

/** Bytes as the text that an input field or a JSON string may hold: any code unit, lone surrogates too. */
export function textOf(input: Bytes): string {
  return Buffer.from(input)
    .toString('latin1')
    .replace(/\u00ff(.)/gsu, (_, next: string) => String.fromCharCode(0xd800 + next.charCodeAt(0) * 8));
}
