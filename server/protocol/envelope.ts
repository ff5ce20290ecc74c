import { ENVELOPE_SIZES_BYTES } from './limits.ts';

/** All the relay asks of an envelope: that it has exactly one of the few sizes. What is inside it cannot read. */
export function isEnvelopeSize(length: number): boolean {
  return (ENVELOPE_SIZES_BYTES as readonly number[]).includes(length);
}
