import {
  accountIdFromBytes,
  attachmentHeader,
  attachmentLayout,
  chunkRange,
  MAX_ATTACHMENT_BYTES,
  openBackup,
  openChunk,
  paddedAttachmentBytes,
  parseBackupHeader,
  requireAttachmentHeader,
  sealBackup,
  sealChunk,
} from '../../../crypto/index.ts';
import { cryptoTarget, demand, demandGenuine, type Target } from '../target.ts';

/** What the relay keeps for a device and hands back: attachments and backups. */
export const storedTargets: readonly Target[] = [
  cryptoTarget('attachment header', 'parse', ['requireAttachmentHeader'], async (random) => {
    const key = random(32);
    const samples = [attachmentHeader(key)];
    return {
      samples,
      held: [key],
      feed(header) {
        requireAttachmentHeader(key, header);
        demandGenuine(header, samples);
      },
    };
  }),
  cryptoTarget('attachment chunk', 'compute', ['openChunk'], async (random) => {
    const key = random(32);
    const samples = [await sealChunk(key, 700, 0, random(700), random), await sealChunk(key, 700, 0, random(700), random)];
    return {
      samples,
      held: [key],
      async feed(record) {
        await openChunk(key, 700, 0, record);
        demandGenuine(record, samples);
      },
    };
  }),
  cryptoTarget('attachment, said to be so large', 'parse', ['attachmentLayout', 'chunkRange', 'paddedAttachmentBytes'], async () => ({
    samples: [Uint8Array.of(0, 0, 0, 0, 0, 0), Uint8Array.of(0, 16, 0, 1, 0, 1), Uint8Array.of(6, 64, 0, 0, 0, 99)],
    feed(bytes) {
      const view = new DataView(Uint8Array.of(...bytes.subarray(0, 6), ...new Uint8Array(6)).buffer);
      const size = view.getUint32(0);
      const { chunks, ciphertextBytes } = attachmentLayout(size);
      const { from, to } = chunkRange(size, view.getUint16(4) % chunks);
      demand(size <= MAX_ATTACHMENT_BYTES && from <= to && to <= size, 'a chunk outside of its attachment');
      demand(paddedAttachmentBytes(size) >= size && ciphertextBytes < 1.2 * size + 2_000, 'more padding than there may be');
    },
  })),
  cryptoTarget('backup', 'compute', ['openBackup', 'parseBackupHeader'], async (random) => {
    const key = random(32);
    const accountId = accountIdFromBytes(random(32));
    const made = [
      await sealBackup(key, { accountId, sequence: 2 }, random(100), random),
      await sealBackup(key, { accountId, sequence: 3 }, random(5_000), random),
    ];
    const samples = made.map(({ backup }) => backup);
    return {
      samples,
      held: [key],
      async feed(backup) {
        parseBackupHeader(backup);
        await openBackup(key, accountId, backup);
        demandGenuine(backup, samples);
      },
    };
  }),
];
