/** C21: attachments. */
import {
  ATTACHMENT_CHUNK_BYTES,
  attachmentHeader,
  attachmentLayout,
  MAX_ATTACHMENT_BYTES,
  openChunk,
  paddedAttachmentBytes,
  requireAttachmentHeader,
  sealChunk,
} from '../../../crypto/index.ts';
import type { Family, JsonObject } from '../family.ts';
import { type CryptoErrorCode, fromHex, toHex } from '../hex.ts';
import { aesGcmSeal, agreed, hkdfSha256, hmacSha256, joined, sha256Of, u32, utf8Of } from '../independent.ts';
import { hex, int } from '../shape.ts';
import { cut, replaced, turned } from '../spoil.ts';

const MIB = ATTACHMENT_CHUNK_BYTES;
const INFO = joined(utf8Of('Sottovoce v1 attachment'), Uint8Array.of(6));

/** Padmé in integers, as its paper has it. */
function padme(size: number): number {
  const length = Math.max(size, 1_024);
  const bits = Math.floor(Math.log2(length));
  const kept = Math.floor(Math.log2(bits)) + 1;
  const mask = 2 ** (bits - kept) - 1;
  return Math.floor((length + mask) / (mask + 1)) * (mask + 1);
}

function recordOf(key: Uint8Array, index: number, isLast: boolean, salt: Uint8Array, plaintext: Uint8Array): Uint8Array<ArrayBuffer> {
  const aad = joined(Uint8Array.of(6, 1), u32(index), Uint8Array.of(isLast ? 1 : 0));
  const sealed = aesGcmSeal(hkdfSha256(key, salt, INFO, 32), new Uint8Array(12), aad, plaintext);
  const record = new Uint8Array(salt.length + sealed.length);
  record.set(salt);
  record.set(sealed, salt.length);
  return record;
}

export const attachmentFamily: Family = {
  name: 'attachment',
  algorithm: 'Attachments (C21)',
  notes: {
    Basic: { bugType: 'BASIC', description: 'Layouts and chunks of usual and unusual sizes.' },
    Size: {
      bugType: 'EDGE_CASE',
      description: 'Sizes around Padmé’s steps, whole chunks and the largest attachment.',
      links: ['https://petsymposium.org/popets/2019/popets-2019-0056.php'],
    },
    Salamander: {
      bugType: 'AUTH_BYPASS',
      description: 'A header that commits to another key.',
      effect: 'One ciphertext is two pictures.',
      links: ['https://eprint.iacr.org/2019/016'],
    },
    WrongPlace: { bugType: 'CONFUSION', description: 'A chunk at another index, as last or not last, or of another attachment.' },
    BitFlip: { bugType: 'AUTH_BYPASS', description: 'A changed chunk.' },
    Padding: { bugType: 'MALFORMED', description: 'A well sealed chunk whose filling is not zeros.' },
    Malformed: { bugType: 'MALFORMED', description: 'A header or record of another length or version; an index that is none.' },
    Key: { bugType: 'EDGE_CASE', description: 'A key that is not 32 bytes.' },
  },
  shapes: {
    layout: { input: { size: int }, expected: { paddedBytes: int, chunks: int, lastChunkBytes: int, ciphertextBytes: int } },
    commitment: { input: { key: hex() }, expected: { header: hex(33) } },
    header: { input: { key: hex(32), header: hex() }, expected: {} },
    seal: {
      input: { key: hex(), size: int, index: int, fill: hex(1), contentBytes: int, random: hex(32) },
      expected: { aad: hex(7), chunkKey: hex(32), recordBytes: int, recordHash: hex(32) },
    },
    open: { input: { key: hex(32), size: int, index: int, record: hex() }, expected: { content: hex() } },
  },
  async run(type, input, { bytes, random }) {
    const size = Number(input['size']);
    if (type === 'layout') {
      const paddedBytes = paddedAttachmentBytes(size);
      if (paddedBytes !== padme(size)) throw new Error('another padding than the paper’s');
      return { paddedBytes, ...attachmentLayout(size) };
    }
    const key = bytes(input['key']);
    if (type === 'commitment')
      return {
        header: agreed(
          'header',
          attachmentHeader(key),
          joined(Uint8Array.of(1), hmacSha256(key, utf8Of('Sottovoce v1 attachment key commitment'))),
        ),
      };
    if (type === 'header') {
      requireAttachmentHeader(key, bytes(input['header']));
      return {};
    }
    const index = Number(input['index']);
    if (type === 'open') return { content: toHex(await openChunk(key, size, index, bytes(input['record']))) };
    const content = new Uint8Array(Number(input['contentBytes'])).fill(Number.parseInt(input['fill'] as string, 16));
    const record = await sealChunk(key, size, index, content, random(input['random']));
    const { chunks, lastChunkBytes } = attachmentLayout(size);
    const isLast = index === chunks - 1;
    const plaintext = new Uint8Array(isLast ? lastChunkBytes : MIB);
    plaintext.set(content);
    const salt = fromHex(input['random'] as string);
    const own = recordOf(key, index, isLast, salt, plaintext);
    return {
      aad: toHex(joined(Uint8Array.of(6, 1), u32(index), Uint8Array.of(isLast ? 1 : 0))),
      chunkKey: toHex(hkdfSha256(key, salt, INFO, 32)),
      recordBytes: record.length,
      recordHash: agreed('record', sha256Of(record), sha256Of(own)),
    };
  },
  async generate({ random, group, valid, invalid }) {
    group('layout');
    for (const size of [
      0,
      1,
      1_024,
      1_025,
      1_100,
      2_047,
      2_048,
      2_049,
      65_535,
      65_536,
      65_537,
      MIB - 1,
      MIB,
      MIB + 1,
      10_000_000,
      MAX_ATTACHMENT_BYTES,
    ]) {
      await valid(`${size} bytes`, ['Size'], { size });
    }
    for (const size of [MAX_ATTACHMENT_BYTES + 1, 2 ** 40]) await invalid(`${size} bytes`, ['Size'], { size }, 'too-large');
    const key = toHex(random(32));
    group('commitment');
    const { header } = (await valid('a key', ['Basic'], { key })) as { header: string };
    for (const length of [0, 31, 33]) await invalid(`a key of ${length} bytes`, ['Key'], { key: toHex(random(length)) }, 'bad-key');
    group('header');
    await valid('of this key', ['Basic'], { key, header });
    await invalid('of another key', ['Salamander'], { key: toHex(random(32)), header }, 'bad-mac');
    await invalid('one bit', ['Salamander'], { key, header: turned(header, 20) }, 'bad-mac');
    await invalid('the last bit', ['Salamander'], { key, header: turned(header, -1) }, 'bad-mac');
    for (const version of ['00', '02'])
      await invalid(`version ${version}`, ['Malformed'], { key, header: replaced(header, 0, version) }, 'unsupported-version');
    for (const length of [0, 1, 32]) await invalid(`${length} bytes`, ['Malformed'], { key, header: cut(header, length) }, 'malformed');
    await invalid('34 bytes', ['Malformed'], { key, header: `${header}00` }, 'malformed');
    group('seal');
    for (const [size, index, contentBytes] of [
      [0, 0, 0],
      [1, 0, 1],
      [1_024, 0, 1_024],
      [1_025, 0, 1_025],
      [MIB + 5, 0, MIB],
      [MIB + 5, 1, 5],
    ] as const) {
      await valid(`chunk ${index} of ${size} bytes`, ['Basic'], { key, size, index, fill: '61', contentBytes, random: toHex(random(32)) });
    }
    for (const [what, size, index, contentBytes] of [
      ['a chunk that is none', 5, 1, 0],
      ['too little content', 5, 0, 4],
      ['too much content', 5, 0, 6],
    ] as const) {
      await invalid(what, ['Malformed'], { key, size, index, fill: '61', contentBytes, random: toHex(random(32)) }, 'malformed');
    }
    await invalid(
      'under a key of 31 bytes',
      ['Key'],
      { key: cut(key, 31), size: 5, index: 0, fill: '61', contentBytes: 5, random: toHex(random(32)) },
      'bad-key',
    );
    group('open');
    const content = random(700);
    const padded = new Uint8Array(1_024);
    padded.set(content);
    const byHand = (index: number, isLast: boolean, plaintext = padded): string =>
      toHex(recordOf(fromHex(key), index, isLast, random(32), plaintext));
    const good = { key, size: 700, index: 0, record: byHand(0, true) };
    await valid('the only chunk', ['Basic'], good);
    await valid('said to be 1,024 bytes long: the filling is content', ['Basic'], { ...good, size: 1_024 });
    const refuse = (comment: string, flag: string, changes: JsonObject, error: CryptoErrorCode) =>
      invalid(comment, [flag], { ...good, ...changes }, error);
    await refuse('sealed for another index', 'WrongPlace', { record: byHand(1, true) }, 'bad-mac');
    await refuse('sealed as one that others follow', 'WrongPlace', { record: byHand(0, false) }, 'bad-mac');
    await refuse('under another key', 'WrongPlace', { key: toHex(random(32)) }, 'bad-mac');
    await refuse('index 1 of one chunk', 'Malformed', { index: 1 }, 'malformed');
    await refuse('said to be a byte shorter: content stands in the filling', 'Padding', { size: 699 }, 'malformed');
    await refuse('a one at the end of the filling', 'Padding', { record: byHand(0, true, padded.with(1_023, 1)) }, 'malformed');
    for (const [what, at] of [
      ['salt', 0],
      ['ciphertext', 40],
      ['tag', -1],
    ] as const)
      await refuse(`one bit of the ${what}`, 'BitFlip', { record: turned(good.record, at) }, 'bad-mac');
    for (const length of [0, 48, 1_071]) await refuse(`${length} bytes`, 'Malformed', { record: cut(good.record, length) }, 'malformed');
    await refuse('a byte more', 'Malformed', { record: `${good.record}00` }, 'malformed');
    await refuse('said to be larger', 'Malformed', { size: 1_025 }, 'malformed');
  },
};
