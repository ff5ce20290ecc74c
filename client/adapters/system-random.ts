import type { RandomBytes } from '../ports/random.ts';

// One call of WebCrypto gives no more.
const MAX_CHUNK_BYTES = 65_536;

export const systemRandom: RandomBytes = (length) => {
  const bytes = new Uint8Array(length);
  for (let at = 0; at < length; at += MAX_CHUNK_BYTES) crypto.getRandomValues(bytes.subarray(at, at + MAX_CHUNK_BYTES));
  return bytes;
};
