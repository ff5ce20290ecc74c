/**
 * The few protobuf forms that Signal's sender-key messages are made of (https://protobuf.dev/programming-guides/encoding/): varint fields
 * up to 32 bits and length-delimited fields, numbers 1 to 15 (a tag is one byte).
 *
 * Stricter than protobuf: fields stand in ascending order, each exactly once, none unknown, varints in their shortest form, nothing after the
 * last. Signal's library writes exactly so, and what is signed and deduplicated should have one encoding.
 */
import type { Bytes } from '../bytes.ts';
import { CryptoError, require } from '../errors.ts';
import { writer } from './writer.ts';

const VARINT = 0;
const LENGTH_DELIMITED = 2;

export type FieldWriter = {
  /** Written even when 0, as Signal's library does. */
  number(field: number, value: number): FieldWriter;
  bytes(field: number, value: Uint8Array): FieldWriter;
  done(): Bytes;
};

/** Signal's messages begin with a version byte. */
export function fieldWriter(version: number): FieldWriter {
  const out = writer().u8(version);

  function varint(value: number): void {
    let left = value;
    for (; left >= 0x80; left = Math.floor(left / 0x80)) out.u8((left % 0x80) | 0x80);
    out.u8(left);
  }

  const self: FieldWriter = {
    number(field, value) {
      require(Number.isInteger(value) && value >= 0 && value <= 0xffff_ffff, 'malformed');
      out.u8((field << 3) | VARINT);
      varint(value);
      return self;
    },
    bytes(field, value) {
      out.u8((field << 3) | LENGTH_DELIMITED);
      varint(value.length);
      out.fixed(value, value.length);
      return self;
    },
    done: () => out.done(),
  };
  return self;
}

export type FieldReader = {
  number(field: number): number;
  /** A view into the input, not a copy. */
  bytes(field: number): Uint8Array;
  /** Does this number come next? */
  hasNumber(field: number): boolean;
  end(): void;
};

export function fieldReader(input: Uint8Array): FieldReader {
  let at = 0;

  function u32(): number {
    let value = 0;
    for (let i = 0; i < 5; i++) {
      const byte = input[at++];
      require(byte !== undefined, 'malformed');
      value += (byte & 0x7f) * 2 ** (7 * i);
      if (byte < 0x80) {
        // A zero last byte is a longer form of the same number.
        require((byte !== 0 || i === 0) && value <= 0xffff_ffff, 'malformed');
        return value;
      }
    }
    throw new CryptoError('malformed');
  }

  function tag(field: number, wireType: number): void {
    require(input[at++] === ((field << 3) | wireType), 'malformed');
  }

  return {
    number(field) {
      tag(field, VARINT);
      return u32();
    },
    bytes(field) {
      tag(field, LENGTH_DELIMITED);
      const length = u32();
      require(length <= input.length - at, 'malformed');
      at += length;
      return input.subarray(at - length, at);
    },
    hasNumber: (field) => input[at] === ((field << 3) | VARINT),
    end: () => require(at === input.length, 'malformed'),
  };
}
