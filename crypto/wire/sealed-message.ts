/**
 * The sealed message: what stands inside an envelope, hidden from the relay; it says who wrote the session message (D1).
 *   version 1 ‖ kind 1 ‖ account 32 ‖ device u32 ‖ length u32 ‖ message ‖ zeros        42 bytes, the message and the padding
 * The zeros fill the envelope to its size (sealing/padding.ts) and nothing else may stand there.
 *
 * Not promised: that the sender it names wrote it. Only the session message inside shows that.
 */
import type { Bytes } from '../bytes.ts';
import { concat } from '../bytes.ts';
import { require } from '../errors.ts';
import { type AccountId, accountIdFromBytes, accountIdToBytes, requireDeviceId } from '../keys/account-id.ts';
import { KIND } from '../labels.ts';
import { MAX_ENVELOPE_BYTES } from '../limits.ts';
import { reader } from './reader.ts';
import { writer } from './writer.ts';

/** What travels to mailboxes: a pairwise session message, or one under a sender key. */
export type MessageKind = typeof KIND.pairwise | typeof KIND.group;

export type SealedMessage = { kind: MessageKind; fromAccount: AccountId; fromDevice: number; message: Bytes };

export const SEALED_HEADER_BYTES = 42;

const VERSION = 1;

export function requireMessageKind(kind: number): MessageKind {
  require(kind === KIND.pairwise || kind === KIND.group, 'wrong-kind');
  return kind;
}

/** Padded with zeros to exactly `paddedBytes`. */
export function encodeSealedMessage(sealed: SealedMessage, paddedBytes: number): Bytes {
  const encoded = writer()
    .u8(VERSION)
    .u8(requireMessageKind(sealed.kind))
    .fixed(accountIdToBytes(sealed.fromAccount), 32)
    .u32(requireDeviceId(sealed.fromDevice))
    .sized(sealed.message, MAX_ENVELOPE_BYTES)
    .done();
  require(encoded.length <= paddedBytes, 'too-large');
  return concat(encoded, new Uint8Array(paddedBytes - encoded.length));
}

/** Throws `wrong-kind` when the message is of another kind than the envelope around it. */
export function parseSealedMessage(bytes: Uint8Array, kind: MessageKind): SealedMessage {
  const from = reader(bytes, MAX_ENVELOPE_BYTES);
  from.expect(VERSION, 'unsupported-version');
  from.expect(kind, 'wrong-kind');
  const fromAccount = accountIdFromBytes(from.bytes(32));
  const fromDevice = requireDeviceId(from.u32());
  const message = from.sized(MAX_ENVELOPE_BYTES);
  require(message.length > 0 && from.rest().every((byte) => byte === 0), 'malformed');
  return { kind, fromAccount, fromDevice, message };
}
