import { createHash } from 'node:crypto';
import type { RandomBytes } from '../../crypto/index.ts';

/** The same bytes for the same seed, on every machine: SHA-256 in counter mode. */
export function seededRandom(seed: string): RandomBytes {
  let counter = 0;
  let pool = new Uint8Array(0);
  return (length) => {
    const blocks = [pool];
    let held = pool.length;
    while (held < length) {
      const block = new Uint8Array(createHash('sha256').update(`${seed}/${counter++}`).digest());
      blocks.push(block);
      held += block.length;
    }
    const all = new Uint8Array(held);
    let at = 0;
    for (const block of blocks) {
      all.set(block, at);
      at += block.length;
    }
    pool = all.slice(length);
    return all.slice(0, length);
  };
}
