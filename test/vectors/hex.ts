/** Lower-case hex, strictly: what every vector's bytes are written in. */
import { type Bytes, toHex } from '../../crypto/index.ts';

export type { Bytes, CryptoErrorCode, RandomBytes } from '../../crypto/index.ts';
export { toHex };

export function fromHex(hex: string): Bytes {
  if (!/^(?:[0-9a-f]{2})*$/.test(hex)) throw new TypeError('not lower-case hex of whole bytes');
  return Uint8Array.from(hex.match(/../g) ?? [], (pair) => Number.parseInt(pair, 16));
}
