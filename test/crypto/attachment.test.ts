import { expect, test } from 'vitest';
import {
  ATTACHMENT_CHUNK_BYTES,
  ATTACHMENT_HEADER_BYTES,
  attachmentHeader,
  attachmentLayout,
  type Bytes,
  chunkRange,
  MAX_ATTACHMENT_BYTES,
  openChunk,
  paddedAttachmentBytes,
  requireAttachmentHeader,
  sealChunk,
} from '../../crypto/index.ts';
import { refusal } from '../support/refusal.ts';
import { seededRandom } from '../support/seeded-random.ts';

const MIB = ATTACHMENT_CHUNK_BYTES;

async function sealAll(key: Bytes, content: Bytes, random: ReturnType<typeof seededRandom>): Promise<Bytes[]> {
  const { chunks } = attachmentLayout(content.length);
  const records: Bytes[] = [];
  for (let index = 0; index < chunks; index++) {
    const { from, to } = chunkRange(content.length, index);
    records.push(await sealChunk(key, content.length, index, content.subarray(from, to), random));
  }
  return records;
}

test('C21: every size up to two chunks and a bit opens to what it was, in the bytes that the layout promises', async () => {
  const random = seededRandom('attachment');
  const key = random(32);
  for (const size of [0, 1, 1_023, 1_024, 1_025, MIB - 1, MIB, MIB + 1, 2 * MIB, 2 * MIB + 70_000]) {
    const content = random(size);
    const records = await sealAll(key, content, random);
    const layout = attachmentLayout(size);
    expect(records.length).toBe(layout.chunks);
    expect(records.reduce((sum, record) => sum + record.length, ATTACHMENT_HEADER_BYTES)).toBe(layout.ciphertextBytes);
    const opened: number[] = [];
    for (const [index, record] of records.entries()) for (const byte of await openChunk(key, size, index, record)) opened.push(byte);
    expect(Uint8Array.from(opened)).toEqual(content);
  }
});

test('C21: padding adds at most an eighth, never shrinks and is the same for near sizes', () => {
  const random = seededRandom('padme');
  for (let i = 0; i < 2_000; i++) {
    const size = new DataView(random(4).buffer).getUint32(0) % (MAX_ATTACHMENT_BYTES + 1);
    const padded = paddedAttachmentBytes(size);
    expect(padded).toBeGreaterThanOrEqual(size);
    expect(padded).toBeLessThanOrEqual(Math.max(1_024, size * (1 + 1 / 8)));
    expect(paddedAttachmentBytes(Math.min(padded, MAX_ATTACHMENT_BYTES))).toBe(
      padded <= MAX_ATTACHMENT_BYTES ? padded : paddedAttachmentBytes(MAX_ATTACHMENT_BYTES),
    );
  }
  expect(() => paddedAttachmentBytes(MAX_ATTACHMENT_BYTES + 1)).toThrow('too-large');
});

test('C21 chunks moved, doubled, of another attachment or cut do not open', async () => {
  const random = seededRandom('chunks');
  const [key, other] = [random(32), random(32)];
  const size = 2 * MIB + 5;
  const records = await sealAll(key, random(size), random);
  const foreign = await sealAll(other, random(size), random);
  const code = (index: number, record: Bytes, under = key, length = size) => refusal(() => openChunk(under, length, index, record));
  expect(await code(0, records[1] as Bytes)).toBe('bad-mac');
  expect(await code(1, records[0] as Bytes)).toBe('bad-mac');
  expect(await code(0, foreign[0] as Bytes)).toBe('bad-mac');
  expect(await code(2, records[2]?.subarray(0, -1) as Bytes)).toBe('malformed');
  expect(await code(3, records[2] as Bytes)).toBe('malformed');
  // Said to be shorter, the second chunk would be the last.
  expect(await code(1, records[1] as Bytes, key, 2 * MIB)).toBe('bad-mac');
});

test('salamander: a ciphertext belongs to one key, and the other key’s owner sees nothing', async () => {
  const random = seededRandom('salamander');
  const [one, other] = [random(32), random(32)];
  const header = attachmentHeader(one);
  requireAttachmentHeader(one, header);
  expect(await refusal(async () => requireAttachmentHeader(other, header))).toBe('bad-mac');
  expect(await refusal(async () => requireAttachmentHeader(one, header.with(0, 2)))).toBe('unsupported-version');
  expect(await refusal(async () => requireAttachmentHeader(one, header.with(32, (header[32] ?? 0) ^ 1)))).toBe('bad-mac');
  expect(await refusal(async () => requireAttachmentHeader(one, header.subarray(1)))).toBe('malformed');
});
