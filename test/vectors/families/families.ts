/** Every family, in the order a reader meets them in docs/protocol.md. */
import type { Family } from '../family.ts';
import { aead } from './aead.ts';
import { genesis } from './genesis.ts';
import { padding } from './padding.ts';
import { xeddsa } from './xeddsa.ts';

export const FAMILIES: readonly Family[] = [xeddsa, genesis, aead, padding];
