/** 2 KiB of chance with a stamp in front: when it was sent, by which sender of this driver, and its number. Nothing in it compresses. */
import { randomFillSync } from 'node:crypto';

export const PAYLOAD_BYTES = 2_048;
const POOL_BYTES = 1_048_576;
const STAMP_BYTES = 16;

const pool = randomFillSync(Buffer.alloc(POOL_BYTES));
let at = 0;

export type Stamp = { sentAt: number; sender: number; number: number };

/** A piece of the pool, stamped in place: good until the pool has come round, which is 500 messages later; adapters copy at once. */
export function payload({ sentAt, sender, number }: Stamp): Buffer {
  at = at + PAYLOAD_BYTES > POOL_BYTES - PAYLOAD_BYTES ? (at + PAYLOAD_BYTES + 1) % PAYLOAD_BYTES : at + PAYLOAD_BYTES;
  const bytes = pool.subarray(at, at + PAYLOAD_BYTES);
  bytes.writeDoubleLE(sentAt, 0);
  bytes.writeUInt32LE(sender, 8);
  bytes.writeUInt32LE(number, 12);
  return bytes;
}

export function stampOf(bytes: Buffer): Stamp {
  if (bytes.length < STAMP_BYTES) throw new Error('a payload without its stamp');
  return { sentAt: bytes.readDoubleLE(0), sender: bytes.readUInt32LE(8), number: bytes.readUInt32LE(12) };
}
