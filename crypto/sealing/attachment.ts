/**
 * Attachments: what is too large for an envelope, sealed chunk by chunk under a key of its own that travels in the message (C21, D1).
 *   ciphertext = version 1 ‖ commitment 32 ‖ chunks
 *   commitment = HMAC-SHA256(key, "Sottovoce v1 attachment key commitment")
 *   chunk i    = C6 record (label "Sottovoce v1 attachment", kind 6, aad = version ‖ i u32 ‖ last? 1) of 1 MiB, the last one of what is left
 *   plaintext  = bytes ‖ zeros to the padded size: Padmé (https://petsymposium.org/popets/2019/popets-2019-0056.php §4), at least 1 KiB
 *
 * AES-GCM commits to no key: without the commitment one ciphertext could open as two pictures under two keys (ePrint 2019/016, ATTACKS 21).
 * The true size stands in the message, and with it the number and length of all chunks: a chunk moved, missing, doubled or of another
 * attachment does not open.
 *
 * Does not hide the size beyond 12 % of it, and authenticates no sender: the message does, with the digest of the ciphertext.
 */
import { type Bytes, concat, equalBytes, type RandomBytes, utf8 } from '../bytes.ts';
import { require } from '../errors.ts';
import { KIND, LABEL } from '../labels.ts';
import { ATTACHMENT_CHUNK_BYTES, MAX_ATTACHMENT_BYTES, MIN_ATTACHMENT_PADDED_BYTES } from '../limits.ts';
import { primitives } from '../primitives/installed.ts';
import { writer } from '../wire/writer.ts';
import { openRecord, SALT_BYTES, sealRecord, TAG_BYTES } from './aead.ts';

const VERSION = 1;
const KEY_BYTES = 32;
const COMMITMENT_BYTES = 32;
export const ATTACHMENT_HEADER_BYTES = 1 + COMMITMENT_BYTES;

/** Padmé: of the bits of the size only the first log2(log2 size) + 1 may differ. Adds at most 12 %. */
export function paddedAttachmentBytes(size: number): number {
  require(Number.isInteger(size) && size >= 0, 'malformed');
  require(size <= MAX_ATTACHMENT_BYTES, 'too-large');
  const least = Math.max(size, MIN_ATTACHMENT_PADDED_BYTES);
  const exponent = Math.floor(Math.log2(least));
  const step = 2 ** (exponent - (Math.floor(Math.log2(exponent)) + 1));
  return Math.ceil(least / step) * step;
}

/** How many chunks an attachment of this size has, and how long each record of it is. */
export function attachmentLayout(size: number): { chunks: number; lastChunkBytes: number; ciphertextBytes: number } {
  const padded = paddedAttachmentBytes(size);
  const chunks = Math.ceil(padded / ATTACHMENT_CHUNK_BYTES);
  const lastChunkBytes = padded - (chunks - 1) * ATTACHMENT_CHUNK_BYTES;
  return { chunks, lastChunkBytes, ciphertextBytes: ATTACHMENT_HEADER_BYTES + padded + chunks * (SALT_BYTES + TAG_BYTES) };
}

function commitmentOf(key: Bytes): Bytes {
  require(key.length === KEY_BYTES, 'bad-key');
  return primitives.hmacSha256(key, utf8(LABEL.attachmentCommitment));
}

/** Stands before the chunks. */
export function attachmentHeader(key: Bytes): Bytes {
  return concat(Uint8Array.of(VERSION), commitmentOf(key));
}

/** Before any chunk is opened. Throws `malformed`, `unsupported-version`, `bad-mac` for another key's attachment. */
export function requireAttachmentHeader(key: Bytes, header: Uint8Array): void {
  require(header.length === ATTACHMENT_HEADER_BYTES, 'malformed');
  require(header[0] === VERSION, 'unsupported-version');
  require(equalBytes(header.subarray(1), commitmentOf(key)), 'bad-mac');
}

function chunkAad(size: number, index: number): { aad: Bytes; bytes: number } {
  const { chunks, lastChunkBytes } = attachmentLayout(size);
  require(Number.isInteger(index) && index >= 0 && index < chunks, 'malformed');
  const isLast = index === chunks - 1;
  return { aad: writer().u8(VERSION).u32(index).flag(isLast).done(), bytes: isLast ? lastChunkBytes : ATTACHMENT_CHUNK_BYTES };
}

/** What of the plaintext's bytes stands in this chunk; the rest of it is zeros. */
export function chunkRange(size: number, index: number): { from: number; to: number } {
  chunkAad(size, index);
  const from = Math.min(size, index * ATTACHMENT_CHUNK_BYTES);
  return { from, to: Math.min(size, from + ATTACHMENT_CHUNK_BYTES) };
}

/** `content`: the bytes of `chunkRange`. A chunk sealed again has another salt and so other bytes. */
export async function sealChunk(key: Bytes, size: number, index: number, content: Uint8Array, random: RandomBytes): Promise<Bytes> {
  require(key.length === KEY_BYTES, 'bad-key');
  const { aad, bytes } = chunkAad(size, index);
  const { from, to } = chunkRange(size, index);
  require(content.length === to - from, 'malformed');
  const plaintext = new Uint8Array(bytes);
  plaintext.set(content);
  return sealRecord(key, LABEL.attachment, KIND.attachment, aad, plaintext, random);
}

/** The content alone. Throws `malformed` for another length or a filling that is not zeros, `bad-mac` for what does not open in this place. */
export async function openChunk(key: Bytes, size: number, index: number, record: Uint8Array): Promise<Bytes> {
  require(key.length === KEY_BYTES, 'bad-key');
  const { aad, bytes } = chunkAad(size, index);
  require(record.length === bytes + SALT_BYTES + TAG_BYTES, 'malformed');
  const plaintext = await openRecord(key, LABEL.attachment, KIND.attachment, aad, record);
  const { from, to } = chunkRange(size, index);
  require(plaintext.subarray(to - from).every((byte) => byte === 0), 'malformed');
  return plaintext.slice(0, to - from);
}
