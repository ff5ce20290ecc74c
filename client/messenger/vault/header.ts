/**
 * The one record that is not sealed: how to get at the vault key. A list of wraps, each with type and version, any one of which opens the
 * vault; wraps of a type this build does not know are kept as they are.
 *   header = SHA-256(body)[0..8] ‖ body,  body = encodeValue({ version, wraps })
 * The checksum is no protection: it only tells bad bytes from a bad passphrase.
 */
import * as v from 'valibot';
import {
  type Bytes,
  concat,
  equalBytes,
  MAX_PASSWORD_LANES,
  MAX_PASSWORD_MEMORY_KIB,
  MAX_PASSWORD_PASSES,
  MIN_PASSWORD_MEMORY_KIB,
  primitives,
} from '../../../crypto/index.ts';
import { Failure } from '../api.ts';
import { decodeValue, encodeValue } from './codec.ts';

export const HEADER_KEY = 'header';
const HEADER_VERSION = 1;
const CHECKSUM_BYTES = 8;

function bytes(minBytes: number, maxBytes: number) {
  return v.pipe(
    v.custom<Bytes>((value) => value instanceof Uint8Array),
    v.check((value) => value.length >= minBytes && value.length <= maxBytes),
  );
}

function whole(min: number, max: number) {
  return v.pipe(v.number(), v.integer(), v.minValue(min), v.maxValue(max));
}

const passphraseWrapSchema = v.strictObject({
  type: v.literal('passphrase'),
  version: v.literal(1),
  salt: bytes(16, 64),
  // Upper ends: a header that somebody else wrote must not take all memory or minutes.
  memoryKib: whole(MIN_PASSWORD_MEMORY_KIB, MAX_PASSWORD_MEMORY_KIB),
  passes: whole(1, MAX_PASSWORD_PASSES),
  lanes: whole(1, MAX_PASSWORD_LANES),
  sealed: bytes(80, 80),
});
export type PassphraseWrap = v.InferOutput<typeof passphraseWrapSchema>;

const unknownWrapSchema = v.looseObject({ type: v.string(), version: whole(1, 255) });
export type Wrap = PassphraseWrap | v.InferOutput<typeof unknownWrapSchema>;

const headerSchema = v.strictObject({ version: v.literal(HEADER_VERSION), wraps: v.pipe(v.array(unknownWrapSchema), v.maxLength(16)) });

export function isPassphraseWrap(wrap: Wrap): wrap is PassphraseWrap {
  return v.is(passphraseWrapSchema, wrap);
}

function checksum(body: Uint8Array): Bytes {
  return primitives.sha256(body).slice(0, CHECKSUM_BYTES);
}

export function encodeHeader(wraps: readonly Wrap[]): Bytes {
  const body = encodeValue({ version: HEADER_VERSION, wraps });
  return concat(checksum(body), body);
}

export function parseHeader(header: Uint8Array): Wrap[] {
  const body = header.subarray(CHECKSUM_BYTES);
  if (!equalBytes(checksum(body), header.subarray(0, CHECKSUM_BYTES))) throw new Failure('damaged');
  const parsed = v.safeParse(headerSchema, decodeValue(body));
  if (!parsed.success) throw new Failure('damaged');
  return parsed.output.wraps;
}
