/**
 * The few protobuf forms that Signal's sender-key messages are made of (https://protobuf.dev/programming-guides/encoding/): varint fields
 * up to 32 bits and length-delimited fields, numbers 1 to 15 (a tag is one byte).
 *
 * Stricter than protobuf: fields stand in ascending order, each exactly once, none unknown, varints in their shortest form, nothing after the
 * last. Signal's library writes exactly so, and what is signed and deduplicated should have one encoding.
 */
import { type Bytes, concat } from '../bytes.ts';
import { CryptoError, require } from '../errors.ts';

const VARINT = 0;
const LENGTH_DELIMITED = 2;

function varint(value: number): Bytes {
  const out: number[] = [];
  let left = value;
  while (left >= 0x80) {
    out.push((left % 0x80) | 0x80);
    left = Math.floor(left / 0x80);
  }
  out.push(left);
  return Uint8Array.from(out);
}

/** Written even when 0, as Signal's library does. */
export function numberField(field: number, value: number): Bytes {
  require(Number.isInteger(value) && value >= 0 && value <= 0xffff_ffff, 'malformed');
  return concat(Uint8Array.of((field << 3) | VARINT), varint(value));
}

export function bytesField(field: number, value: Uint8Array): Bytes {
  return concat(Uint8Array.of((field << 3) | LENGTH_DELIMITED), varint(value.length), value);
}

export type FieldReader = {
  number(field: number): number;
  /** A view into the input, not a copy. */
  bytes(field: number): Uint8Array;
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
    end: () => require(at === input.length, 'malformed'),
  };
}
