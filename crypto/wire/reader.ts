/**
 * Reads the encodings of `writer.ts`: big-endian, fixed or length-prefixed fields, nothing optional without a flag byte.
 * Every read is bounded by what is there; `end` refuses trailing bytes, so that one value has one encoding.
 * Throws `malformed` for truncated or trailing bytes, `too-large` for a length over its bound, `unsupported-version` from `version`.
 */
import { type Bytes, fromUtf8 } from '../bytes.ts';
import { type CryptoErrorCode, require } from '../errors.ts';

export type Reader = {
  u8(): number;
  u16(): number;
  u32(): number;
  /** Milliseconds since 1970 in 6 bytes: enough until the year 10889 and always a safe integer. */
  time(): number;
  /** One byte, 0 or 1. */
  flag(): boolean;
  /** Exactly this many bytes, as a copy: what is parsed never changes under the caller's later writes. */
  bytes(length: number): Bytes;
  /** `bytes` without a copy: for what is read and never written while the input stands. */
  view(length: number): Bytes;
  /** A u32 length and so many bytes. */
  sized(maxBytes: number): Bytes;
  /** `sized`, as strict UTF-8. */
  text(maxBytes: number): string;
  /** All that is left; for paddings and signatures whose length the caller checks. */
  rest(): Bytes;
  left(): number;
  /** The byte must be exactly this one. */
  expect(byte: number, code: CryptoErrorCode): void;
  end(): void;
};

export function reader(input: Uint8Array, maxBytes: number): Reader {
  require(input.length <= maxBytes, 'too-large');
  let at = 0;

  function unsigned(length: number): number {
    require(length <= input.length - at, 'malformed');
    let value = 0;
    for (let i = 0; i < length; i++) value = value * 256 + (input[at++] as number);
    return value;
  }

  function view(length: number): Bytes {
    require(length <= input.length - at, 'malformed');
    at += length;
    return input.subarray(at - length, at) as Bytes;
  }

  const bytes = (length: number): Bytes => new Uint8Array(view(length));

  function sized(maxBytesOfField: number): Bytes {
    const length = unsigned(4);
    require(length <= maxBytesOfField, 'too-large');
    return bytes(length);
  }

  return {
    u8: () => unsigned(1),
    u16: () => unsigned(2),
    u32: () => unsigned(4),
    time: () => unsigned(6),
    flag() {
      const value = unsigned(1);
      require(value <= 1, 'malformed');
      return value === 1;
    },
    bytes,
    view,
    sized,
    text: (maxBytesOfField) => fromUtf8(sized(maxBytesOfField)),
    rest: () => bytes(input.length - at),
    left: () => input.length - at,
    expect: (byte, code) => require(unsigned(1) === byte, code),
    end: () => require(at === input.length, 'malformed'),
  };
}
