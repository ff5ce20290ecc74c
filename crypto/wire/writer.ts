/**
 * Writes big-endian, fixed or length-prefixed fields; `reader.ts` is its strict inverse.
 * A value that does not fit its field throws `malformed` (`too-large` for a sized field): nothing is ever cut to fit.
 */
import { type Bytes, fromUtf8, utf8, wipe } from '../bytes.ts';
import { require } from '../errors.ts';

export type Writer = {
  u8(value: number): Writer;
  u16(value: number): Writer;
  u32(value: number): Writer;
  /** Milliseconds since 1970, 6 bytes. */
  time(value: number): Writer;
  flag(value: boolean): Writer;
  /** Bytes whose length the format fixes. */
  fixed(bytes: Uint8Array, length: number): Writer;
  /** A u32 length, then the bytes. */
  sized(bytes: Uint8Array, maxBytes: number): Writer;
  text(text: string, maxBytes: number): Writer;
  done(): Bytes;
};

// A session's record and most others fit.
const FIRST_BYTES = 512;

export function writer(): Writer {
  let buffer = new Uint8Array(FIRST_BYTES);
  let at = 0;

  function room(bytes: number): void {
    if (at + bytes <= buffer.length) return;
    const larger = new Uint8Array(Math.max(2 * buffer.length, at + bytes));
    larger.set(buffer);
    wipe(buffer);
    buffer = larger;
  }

  function unsigned(value: number, length: number): Writer {
    require(Number.isSafeInteger(value) && value >= 0 && value < 2 ** (8 * length), 'malformed');
    room(length);
    let left = value;
    for (let i = length - 1; i >= 0; i--) {
      buffer[at + i] = left % 256;
      left = Math.floor(left / 256);
    }
    at += length;
    return self;
  }

  function fixed(bytes: Uint8Array, length: number): Writer {
    require(bytes.length === length, 'malformed');
    room(length);
    buffer.set(bytes, at);
    at += length;
    return self;
  }

  function sized(bytes: Uint8Array, maxBytes: number): Writer {
    require(bytes.length <= maxBytes, 'too-large');
    unsigned(bytes.length, 4);
    return fixed(bytes, bytes.length);
  }

  const self: Writer = {
    u8: (value) => unsigned(value, 1),
    u16: (value) => unsigned(value, 2),
    u32: (value) => unsigned(value, 4),
    time: (value) => unsigned(value, 6),
    flag: (value) => unsigned(value ? 1 : 0, 1),
    fixed,
    sized,
    text(text, maxBytes) {
      const bytes = utf8(text);
      // A lone surrogate has no UTF-8: it would be written as U+FFFD and read back as another text.
      require(fromUtf8(bytes) === text, 'malformed');
      return sized(bytes, maxBytes);
    },
    done() {
      const done = buffer.slice(0, at);
      wipe(buffer);
      return done;
    },
  };
  return self;
}
