/**
 * Envelope sizes (D1): padding stands once, on the outside. Every envelope is exactly 2, 4, 8, 16, 32 or 64 KiB, whatever is inside,
 * so that a relay or network sees six sizes and neither receipts nor first messages stand out (ATTACKS 17).
 *
 * Not promised: hiding the size class itself, or how many envelopes are sent.
 */
import { CryptoError, require } from '../errors.ts';
import { KIND, type Kind } from '../labels.ts';
import { ENVELOPE_SIZES_BYTES, MAX_ENVELOPE_BYTES } from '../limits.ts';
import { type MessageKind, requireMessageKind, SEALED_HEADER_BYTES } from '../wire/sealed-message.ts';
import { SALT_BYTES, TAG_BYTES } from './aead.ts';

export const ENVELOPE_VERSION = 1;
export const ENC_BYTES = 1_120;
export const HINT_BYTES = 16;

/** Envelope bytes that are not sealed message: version, kind, the kind's own fields, salt, tag. */
const OVERHEAD_BYTES: Record<MessageKind, number> = {
  [KIND.pairwise]: 2 + ENC_BYTES + SALT_BYTES + TAG_BYTES,
  [KIND.group]: 2 + SALT_BYTES + HINT_BYTES + TAG_BYTES,
};

/** The largest session message that fits an envelope of this kind. */
export function MAX_SEALED_BYTES(kind: MessageKind): number {
  return MAX_ENVELOPE_BYTES - OVERHEAD_BYTES[kind] - SEALED_HEADER_BYTES;
}

/** Length to which the sealed message is padded, so that the envelope has the least size that holds it. Throws `too-large`. */
export function paddedBytes(kind: MessageKind, messageBytes: number): number {
  const needed = OVERHEAD_BYTES[kind] + SEALED_HEADER_BYTES + messageBytes;
  const size = ENVELOPE_SIZES_BYTES.find((bytes) => bytes >= needed);
  if (size === undefined) throw new CryptoError('too-large');
  return size - OVERHEAD_BYTES[kind];
}

/** Reads version, kind and size of an envelope, which is all that shows without a key. */
export function envelopeKind(envelope: Uint8Array): MessageKind {
  require(envelope.length <= MAX_ENVELOPE_BYTES, 'too-large');
  require(ENVELOPE_SIZES_BYTES.some((bytes) => bytes === envelope.length), 'malformed');
  require(envelope[0] === ENVELOPE_VERSION, 'unsupported-version');
  return requireMessageKind(envelope[1] as Kind);
}
