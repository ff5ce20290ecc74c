/**
 * Session messages, parsed strictly before anything is computed with them. https://signal.org/docs/specifications/doubleratchet/ §3.4
 * (header), https://signal.org/docs/specifications/x3dh/ §3.3 (initial message); the bytes are those of Signal's libraries, version 3.
 *
 *   later   = 2 ‖ v ‖ pb{1 ratchet key 33 · 2 counter · 3 previous counter · 4 ciphertext} ‖ mac 8
 *   first   = 1 ‖ v ‖ pb{5 registration id · 1 one-time prekey id · 6 signed prekey id · 2 base key 33 · 3 identity key 33 · 4 later without its 2}
 *
 * v is 0x33; 0x34, which Signal's library writes from 0.24 on for the same version 3, is read and never written (L7). The fields of a
 * first message stand in the order above, as the TypeScript library writes them, or ascending, as Signal's does. Without a one-time prekey
 * there is no field 1; the TypeScript library's 0 in its place is read (L5). Nothing unknown, doubled, missing or left over is accepted.
 *
 * Size: later = 67 + ciphertext, ciphertext = text padded to 16. Does not authenticate anything.
 */
import type { Bytes } from '../bytes.ts';
import { CryptoError, require } from '../errors.ts';
import { type FieldReader, fieldReader, fieldWriter } from '../wire/signal-protobuf.ts';
import { requireCurveKey } from '../keys/curve-key.ts';
import { MAX_ENVELOPE_BYTES, MAX_PREKEY_ID, MAX_REGISTRATION_ID } from '../limits.ts';
import { ENCODED_KEY_BYTES, encodeKey, KEY_TYPE } from './library.ts';

export const MESSAGE_TYPE = { first: 1, later: 2 } as const;

export const MAC_BYTES = 8;
const AES_BLOCK_BYTES = 16;
const VERSION_SIGNAL_NOW = 0x34;
const VERSION_OURS = 0x33;
const FIELD_5_TAG = 0x28;

export type LaterMessage = {
  ratchetKey: Bytes;
  counter: number;
  previousCounter: number;
  ciphertext: Bytes;
  /** What the MAC covers after the two identity keys: version byte and protobuf. */
  authenticated: Bytes;
  mac: Bytes;
};

export type FirstMessage = {
  identityKey: Bytes;
  baseKey: Bytes;
  registrationId: number;
  signedPrekeyId: number;
  oneTimePrekeyId?: number;
  inner: LaterMessage;
};

export type SessionMessage = { type: 'first'; message: FirstMessage } | { type: 'later'; message: LaterMessage };

/** Version byte and protobuf: what the MAC covers. */
export function encodeLater({ ratchetKey, counter, previousCounter, ciphertext }: Omit<LaterMessage, 'authenticated' | 'mac'>): Bytes {
  return fieldWriter(VERSION_OURS)
    .bytes(1, encodeKey(ratchetKey))
    .number(2, counter)
    .number(3, previousCounter)
    .bytes(4, ciphertext)
    .done();
}

/** `later`: the message inside, MAC included. */
export function encodeFirst(first: Omit<FirstMessage, 'inner'> & { later: Bytes }): Bytes {
  const out = fieldWriter(VERSION_OURS).number(5, first.registrationId);
  // Signal's library takes a 0 for the name of a prekey that is not there.
  if (first.oneTimePrekeyId !== undefined) out.number(1, first.oneTimePrekeyId);
  return out
    .number(6, first.signedPrekeyId)
    .bytes(2, encodeKey(first.baseKey))
    .bytes(3, encodeKey(first.identityKey))
    .bytes(4, first.later)
    .done();
}

function versioned(bytes: Uint8Array): void {
  const version = bytes[0];
  require(version !== undefined, 'malformed');
  require(version === VERSION_OURS || version === VERSION_SIGNAL_NOW, 'unsupported-version');
}

/** The 32 bytes after 0x05. */
function publicKey(encoded: Uint8Array): Bytes {
  require(encoded.length === ENCODED_KEY_BYTES && encoded[0] === KEY_TYPE, 'malformed');
  return requireCurveKey(new Uint8Array(encoded.subarray(1)));
}

function bounded(value: number, least: number, most: number): number {
  require(value >= least && value <= most, 'malformed');
  return value;
}

function parseLater(bytes: Uint8Array): LaterMessage {
  versioned(bytes);
  require(bytes.length > 1 + MAC_BYTES, 'malformed');
  const end = bytes.length - MAC_BYTES;
  const fields = fieldReader(bytes.subarray(1, end));
  const ratchetKey = publicKey(fields.bytes(1));
  const counter = fields.number(2);
  const previousCounter = fields.number(3);
  const ciphertext = new Uint8Array(fields.bytes(4));
  fields.end();
  require(ciphertext.length > 0 && ciphertext.length % AES_BLOCK_BYTES === 0, 'malformed');
  const authenticated = new Uint8Array(bytes.subarray(0, end));
  return { ratchetKey, counter, previousCounter, ciphertext, authenticated, mac: new Uint8Array(bytes.subarray(end)) };
}

function keysAndInner(fields: FieldReader) {
  const baseKey = publicKey(fields.bytes(2));
  const identityKey = publicKey(fields.bytes(3));
  return { baseKey, identityKey, inner: parseLater(fields.bytes(4)) };
}

function parseFirst(bytes: Uint8Array): FirstMessage {
  versioned(bytes);
  const fields = fieldReader(bytes.subarray(1));
  if (bytes[1] === FIELD_5_TAG) {
    const registrationId = bounded(fields.number(5), 1, MAX_REGISTRATION_ID);
    const oneTimePrekeyId = fields.hasNumber(1) ? bounded(fields.number(1), 0, MAX_PREKEY_ID) : 0;
    const signedPrekeyId = bounded(fields.number(6), 1, MAX_PREKEY_ID);
    const rest = keysAndInner(fields);
    fields.end();
    return { ...rest, registrationId, signedPrekeyId, ...(oneTimePrekeyId === 0 ? {} : { oneTimePrekeyId }) };
  }
  const oneTime = fields.hasNumber(1) ? { oneTimePrekeyId: bounded(fields.number(1), 1, MAX_PREKEY_ID) } : {};
  const rest = keysAndInner(fields);
  const registrationId = bounded(fields.number(5), 1, MAX_REGISTRATION_ID);
  const signedPrekeyId = bounded(fields.number(6), 1, MAX_PREKEY_ID);
  fields.end();
  return { ...rest, registrationId, signedPrekeyId, ...oneTime };
}

export function parseSessionMessage(bytes: Uint8Array): SessionMessage {
  require(bytes.length <= MAX_ENVELOPE_BYTES, 'too-large');
  require(bytes.length > 0, 'malformed');
  const body = bytes.subarray(1);
  if (bytes[0] === MESSAGE_TYPE.first) return { type: 'first', message: parseFirst(body) };
  if (bytes[0] === MESSAGE_TYPE.later) return { type: 'later', message: parseLater(body) };
  throw new CryptoError('unsupported-version');
}

export type FirstMessageInfo = Omit<FirstMessage, 'inner'>;

/** What a first message says of itself, unauthenticated; null for a later message. */
export function peekFirst(bytes: Uint8Array): FirstMessageInfo | null {
  const parsed = parseSessionMessage(bytes);
  if (parsed.type === 'later') return null;
  const { inner: _, ...info } = parsed.message;
  return info;
}
