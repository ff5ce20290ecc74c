/**
 * What goes between the relay and its store's thread often: byte strings in one buffer, which is handed over instead of copied, and numbers
 * in one array. A structured clone of the same as objects costs several times as much.
 */
import type { Bytes } from '../protocol/bytes.ts';
import type { ErrorCode } from '../protocol/errors.ts';
import type { SubmissionResult, WaitingEnvelope } from './store.ts';

const LENGTH_BYTES = 4;

export function packBytes(parts: readonly Uint8Array[]): ArrayBuffer {
  const packed = new Uint8Array(parts.reduce((sum, part) => sum + LENGTH_BYTES + part.length, 0));
  const view = new DataView(packed.buffer);
  let at = 0;
  for (const part of parts) {
    view.setUint32(at, part.length);
    packed.set(part, at + LENGTH_BYTES);
    at += LENGTH_BYTES + part.length;
  }
  return packed.buffer;
}

/** Views, not copies. */
export function unpackBytes(packed: ArrayBuffer): Bytes[] {
  const view = new DataView(packed);
  const parts: Bytes[] = [];
  for (let at = 0; at < packed.byteLength; ) {
    const length = view.getUint32(at);
    parts.push(new Uint8Array(packed, at + LENGTH_BYTES, length));
    at += LENGTH_BYTES + length;
  }
  return parts;
}

type Refusal = { code: ErrorCode; accounts: string[] };
/**
 * For each submission: how many were placed (−1: refused, next in `refusals`), how many strangers, when stored; then device row and
 * sequence of each placed, and each stranger.
 */
export type PackedResults = { numbers: Float64Array<ArrayBuffer>; refusals: Refusal[] };

const REFUSED = -1;

export function packResults(results: readonly SubmissionResult[]): PackedResults {
  const numbers: number[] = [];
  const refusals: Refusal[] = [];
  for (const result of results) {
    if (!result.accepted) {
      numbers.push(REFUSED);
      refusals.push({ code: result.code, accounts: result.accounts });
      continue;
    }
    numbers.push(result.placed.length, result.strangers.length, result.storedAt);
    for (const { deviceRow, sequence } of result.placed) numbers.push(deviceRow, sequence);
    for (const index of result.strangers) numbers.push(index);
  }
  return { numbers: Float64Array.from(numbers), refusals };
}

export function unpackResults({ numbers, refusals }: PackedResults): SubmissionResult[] {
  const results: SubmissionResult[] = [];
  let at = 0;
  let refused = 0;
  const next = (): number => numbers[at++] as number;
  while (at < numbers.length) {
    const count = next();
    if (count === REFUSED) {
      results.push({ accepted: false, ...(refusals[refused++] as Refusal) });
      continue;
    }
    const strangerCount = next();
    const storedAt = next();
    const placed = Array.from({ length: count }, () => ({ deviceRow: next(), sequence: next() }));
    results.push({ accepted: true, storedAt, placed, strangers: Array.from({ length: strangerCount }, next) });
  }
  return results;
}

/** Sequence and time of each envelope; its id and its body. */
export type PackedEnvelopes = { numbers: Float64Array<ArrayBuffer>; bytes: ArrayBuffer };

export function packEnvelopes(envelopes: readonly WaitingEnvelope[]): PackedEnvelopes {
  return {
    numbers: Float64Array.from(envelopes.flatMap(({ sequence, storedAt }) => [sequence, storedAt])),
    bytes: packBytes(envelopes.flatMap(({ envelopeId, body }) => [envelopeId, body])),
  };
}

export function unpackEnvelopes({ numbers, bytes }: PackedEnvelopes): WaitingEnvelope[] {
  const parts = unpackBytes(bytes);
  return Array.from({ length: parts.length / 2 }, (_, index) => ({
    sequence: numbers[2 * index] as number,
    storedAt: numbers[2 * index + 1] as number,
    envelopeId: parts[2 * index] as Bytes,
    body: parts[2 * index + 1] as Bytes,
  }));
}
