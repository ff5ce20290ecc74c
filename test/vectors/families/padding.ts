/** C7: how large an envelope is, and what shows of it without a key. */
import { envelopeKind, KIND, MAX_SEALED_BYTES, type MessageKind } from '../../../crypto/index.ts';
import { paddedBytes } from '../../../crypto/sealing/padding.ts';
import type { Family } from '../family.ts';
import { int, oneOf } from '../shape.ts';

const SIZES = [2_048, 4_096, 8_192, 16_384, 32_768, 65_536];
// Everything of an envelope that is not the session message, by rules C6, C9, C11 and C19.
const AROUND = { [KIND.pairwise]: 2 + 1_120 + 32 + 16 + 42, [KIND.group]: 2 + 32 + 16 + 16 + 42 } as const;
const NAMES = { [KIND.pairwise]: 'pairwise', [KIND.group]: 'group' } as const;

/** Head bytes and a length: the rest of the envelope says nothing here. */
function envelope(first: number, second: number, length: number): Uint8Array<ArrayBuffer> {
  const bytes = new Uint8Array(length);
  bytes.set([first, second].slice(0, length));
  return bytes;
}

export const padding: Family = {
  name: 'padding',
  algorithm: 'Envelope sizes (C7)',
  notes: {
    Size: {
      bugType: 'BASIC',
      description: 'Messages at both edges of every envelope size.',
      effect: 'Sizes tell messages apart, or versions of the client.',
    },
    TooLarge: { bugType: 'EDGE_CASE', description: 'More than the largest envelope holds.' },
    WrongSize: { bugType: 'MALFORMED', description: 'An envelope of a length that is none.' },
    WrongHead: { bugType: 'CONFUSION', description: 'A version or kind that is no envelope’s.' },
  },
  shapes: {
    size: { input: { kind: oneOf(1, 2), messageBytes: int }, expected: { envelopeBytes: int, paddedBytes: int, zeros: int } },
    head: { input: { version: int, kind: int, length: int }, expected: { kind: oneOf(1, 2) } },
  },
  async run(type, input) {
    if (type === 'head') {
      return { kind: envelopeKind(envelope(Number(input['version']), Number(input['kind']), Number(input['length']))) };
    }
    const kind = input['kind'] as MessageKind;
    const messageBytes = Number(input['messageBytes']);
    const padded = paddedBytes(kind, messageBytes);
    const envelopeBytes = padded + AROUND[kind] - 42;
    if (messageBytes > MAX_SEALED_BYTES(kind)) throw new Error('larger than what is said to fit');
    const least = SIZES.find((size) => size >= messageBytes + AROUND[kind]);
    if (least !== envelopeBytes) throw new Error('not the least size');
    return { envelopeBytes, paddedBytes: padded, zeros: padded - 42 - messageBytes };
  },
  async generate({ group, valid, invalid }) {
    group('size');
    for (const kind of [KIND.pairwise, KIND.group] as const) {
      await valid(`${NAMES[kind]}: one byte`, ['Size'], { kind, messageBytes: 1 });
      for (const [at, size] of SIZES.entries()) {
        await valid(`${NAMES[kind]}: fills ${size} bytes`, ['Size'], { kind, messageBytes: size - AROUND[kind] });
        const more = { kind, messageBytes: size - AROUND[kind] + 1 };
        if (at < SIZES.length - 1) await valid(`${NAMES[kind]}: one byte more than ${size} hold`, ['Size'], more);
        else await invalid(`${NAMES[kind]}: one byte more than the largest holds`, ['TooLarge'], more, 'too-large');
      }
      await invalid(`${NAMES[kind]}: far too large`, ['TooLarge'], { kind, messageBytes: 1_000_000 }, 'too-large');
    }
    group('head');
    for (const length of SIZES)
      await valid(`an envelope of ${length} bytes`, ['Size'], { version: 1, kind: 1 + (length % 4_096 ? 0 : 1), length });
    for (const length of [0, 1, 2, 1_024, 2_047, 2_049, 4_095, 4_097, 6_144, 65_535]) {
      await invalid(`${length} bytes`, ['WrongSize'], { version: 1, kind: 1, length }, 'malformed');
    }
    for (const length of [65_537, 131_072]) await invalid(`${length} bytes`, ['TooLarge'], { version: 1, kind: 1, length }, 'too-large');
    for (const version of [0, 2, 0x33, 255]) {
      await invalid(`version ${version}`, ['WrongHead'], { version, kind: 1, length: 2_048 }, 'unsupported-version');
    }
    for (const kind of [0, 3, 4, 5, 6, 255])
      await invalid(`kind ${kind}`, ['WrongHead'], { version: 1, kind, length: 2_048 }, 'wrong-kind');
    await invalid('a wrong length is seen before a wrong version', ['WrongSize'], { version: 2, kind: 9, length: 2_047 }, 'malformed');
    await invalid(
      'a wrong version is seen before a wrong kind',
      ['WrongHead'],
      { version: 2, kind: 9, length: 2_048 },
      'unsupported-version',
    );
  },
};
