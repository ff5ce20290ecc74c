/** Every family, in the order a reader meets them in docs/protocol.md. */
import type { Family } from '../family.ts';
import { aead } from './aead.ts';

export const FAMILIES: readonly Family[] = [aead];
