import { ProtocolError } from './errors.ts';

export type Bytes = Uint8Array<ArrayBuffer>;

const ALPHABET = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_';
const NOT_A_LETTER = 255;
const VALUES = new Uint8Array(128).fill(NOT_A_LETTER);
for (let value = 0; value < 64; value++) VALUES[ALPHABET.charCodeAt(value)] = value;

/** RFC 4648 §5, without padding. */
export function toBase64url(bytes: Uint8Array): string {
  let out = '';
  for (let i = 0; i < bytes.length; i += 3) {
    const left = bytes.length - i;
    const group = ((bytes[i] ?? 0) << 16) | ((bytes[i + 1] ?? 0) << 8) | (bytes[i + 2] ?? 0);
    out += ALPHABET.charAt(group >> 18) + ALPHABET.charAt((group >> 12) & 63);
    if (left > 1) out += ALPHABET.charAt((group >> 6) & 63);
    if (left > 2) out += ALPHABET.charAt(group & 63);
  }
  return out;
}

function valueAt(text: string, index: number): number {
  return VALUES[text.charCodeAt(index)] ?? NOT_A_LETTER;
}

/** One text for one byte string: no padding, no other alphabet, no bits left over. */
export function isBase64url(text: string): boolean {
  const over = text.length % 4;
  if (over === 1) return false;
  for (let i = 0; i < text.length; i++) if (valueAt(text, i) === NOT_A_LETTER) return false;
  const spareBits = over === 2 ? 0x0f : over === 3 ? 0x03 : 0;
  return spareBits === 0 || (valueAt(text, text.length - 1) & spareBits) === 0;
}

export function base64urlLength(text: string): number {
  return Math.floor((text.length * 3) / 4);
}

/** Strict inverse of `toBase64url`. */
export function fromBase64url(text: string): Bytes {
  if (!isBase64url(text)) throw new ProtocolError('bad_request');
  const out = new Uint8Array(base64urlLength(text));
  let at = 0;
  for (let i = 0; i < text.length; i += 4) {
    const group =
      (valueAt(text, i) << 18) | (valueAt(text, i + 1) << 12) | ((valueAt(text, i + 2) & 63) << 6) | (valueAt(text, i + 3) & 63);
    if (at < out.length) out[at++] = group >> 16;
    if (at < out.length) out[at++] = (group >> 8) & 0xff;
    if (at < out.length) out[at++] = group & 0xff;
  }
  return out;
}

/** Tokens, origins and labels are ASCII; anything else in them is a mistake. */
export function ascii(text: string): Bytes {
  const out = new Uint8Array(text.length);
  for (let i = 0; i < text.length; i++) {
    const code = text.charCodeAt(i);
    if (code > 0x7f) throw new ProtocolError('bad_request');
    out[i] = code;
  }
  return out;
}

export function fromAscii(bytes: Uint8Array): string {
  let out = '';
  for (const byte of bytes) {
    if (byte > 0x7f) throw new ProtocolError('bad_frame');
    out += String.fromCharCode(byte);
  }
  return out;
}

export function concat(...parts: readonly Uint8Array[]): Bytes {
  const out = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0));
  let at = 0;
  for (const part of parts) {
    out.set(part, at);
    at += part.length;
  }
  return out;
}

function checked(value: number, below: number): number {
  if (!Number.isInteger(value) || value < 0 || value >= below) throw new ProtocolError('bad_request');
  return value;
}

export function uint16(value: number): Bytes {
  const out = new Uint8Array(2);
  new DataView(out.buffer).setUint16(0, checked(value, 2 ** 16));
  return out;
}

export function uint32(value: number): Bytes {
  const out = new Uint8Array(4);
  new DataView(out.buffer).setUint32(0, checked(value, 2 ** 32));
  return out;
}

export function uint64(value: number): Bytes {
  const out = new Uint8Array(8);
  new DataView(out.buffer).setBigUint64(0, BigInt(checked(value, 2 ** 53)));
  return out;
}
