import { hash } from 'node:crypto';

/** SHA-256. */
export function digestOf(bytes: Uint8Array): Uint8Array {
  return hash('sha256', bytes, 'buffer');
}
