/**
 * The plaintext inside the content header: JSON `{ kind, version, … }`, one schema a kind. Unknown fields are refused, unknown kinds and
 * versions are kept by the engine and shown as "update to read".
 */
import * as v from 'valibot';
import {
  accountIdSchema,
  base64urlBytes,
  DELIVERY_TOKEN_BYTES,
  groupIdSchema,
  timeSchema,
  uint32Schema,
} from '../../server/protocol/ids.ts';
import { MAX_BODY_BYTES, MAX_DISTRIBUTION_CHARACTERS, MAX_MOVED_CHARACTERS, MAX_RECEIPT_IDS, MAX_TEXT_CHARACTERS } from './limits.ts';

export const messageIdSchema = base64urlBytes(16);
const hashSchema = base64urlBytes(32);
const secretSchema = base64urlBytes(32);
const deliveryTokenSchema = base64urlBytes(DELIVERY_TOKEN_BYTES);

export function isSendableText(text: string): boolean {
  return text.length > 0 && [...text].length <= MAX_TEXT_CHARACTERS;
}

const textSchema = v.pipe(v.string(), v.maxLength(2 * MAX_TEXT_CHARACTERS), v.check(isSendableText, 'not a text'));
const idsSchema = v.pipe(v.array(messageIdSchema), v.maxLength(MAX_RECEIPT_IDS));

const text = v.strictObject({ kind: v.literal('text'), version: v.literal(1), text: textSchema });
const receipt = v.strictObject({
  kind: v.literal('receipt'),
  version: v.literal(1),
  /** Absent: messages of the one-to-one conversation. */
  groupId: v.optional(groupIdSchema),
  delivered: idsSchema,
  read: idsSchema,
  /** One to one alone: the sender's token, for envelopes to him (R50). */
  deliveryToken: v.optional(deliveryTokenSchema),
});

/** The group goes on from another one: which, and an admin's signed `moved` of its log, which its members may not be able to read there. */
const moved = v.strictObject({ groupId: groupIdSchema, entry: v.pipe(v.string(), v.maxLength(MAX_MOVED_CHARACTERS)) });

/** Version and head of the log as the sender knows it; `secret` with a new epoch, or for a newcomer or new device. */
const groupUpdate = v.strictObject({
  kind: v.literal('group-update'),
  version: v.literal(1),
  groupId: groupIdSchema,
  logVersion: uint32Schema,
  logHead: hashSchema,
  epoch: uint32Schema,
  secret: v.optional(secretSchema),
  moved: v.optional(moved),
});

/** "The log goes on in an epoch after this one, and its secret has not come." */
const groupAsk = v.strictObject({ kind: v.literal('group-ask'), version: v.literal(1), groupId: groupIdSchema, epoch: uint32Schema });

/** A sender key distribution message at its sender's current iteration, with all that is needed to use it: epoch secret and log head. */
const senderKey = v.strictObject({
  kind: v.literal('sender-key'),
  version: v.literal(1),
  groupId: groupIdSchema,
  logVersion: uint32Schema,
  logHead: hashSchema,
  epoch: uint32Schema,
  secret: secretSchema,
  generation: uint32Schema,
  /** The number of the sender's last message in the group before it. */
  sent: uint32Schema,
  distribution: v.pipe(v.string(), v.maxLength(MAX_DISTRIBUTION_CHARACTERS)),
  moved: v.optional(moved),
});

/** To the one who was removed, who cannot read the log any more. */
const groupRemoved = v.strictObject({ kind: v.literal('group-removed'), version: v.literal(1), groupId: groupIdSchema });

const typing = v.strictObject({
  kind: v.literal('typing'),
  version: v.literal(1),
  groupId: v.optional(groupIdSchema),
  on: v.boolean(),
});

/** What this account wrote on another of its devices, in a one-to-one conversation. */
const sentCopy = v.strictObject({
  kind: v.literal('sent-copy'),
  version: v.literal(1),
  to: accountIdSchema,
  messageId: messageIdSchema,
  sentAt: timeSchema,
  text: textSchema,
});

/** Own devices: everything up to this message was read elsewhere. */
const readSync = v.strictObject({
  kind: v.literal('read-sync'),
  version: v.literal(1),
  conversationId: base64urlBytes(32),
  messageId: messageIdSchema,
});

/** Own devices: the account has a new delivery token. */
const deliveryToken = v.strictObject({
  kind: v.literal('delivery-token'),
  version: v.literal(1),
  token: deliveryTokenSchema,
  madeAt: timeSchema,
});

/** "I could not open what you sent after this number": undelivered messages are wanted again, under their old ids (D11). */
const resendRequest = v.strictObject({ kind: v.literal('resend-request'), version: v.literal(1), received: uint32Schema });

const bodySchema = v.variant('kind', [
  text,
  receipt,
  groupUpdate,
  senderKey,
  groupAsk,
  groupRemoved,
  typing,
  sentCopy,
  readSync,
  deliveryToken,
  resendRequest,
]);
export type ContentBody = v.InferOutput<typeof bodySchema>;
export type TextBody = v.InferOutput<typeof text>;

const frontSchema = v.looseObject({ kind: v.pipe(v.string(), v.maxLength(32)), version: v.pipe(v.number(), v.integer(), v.minValue(1)) });
const KNOWN_KINDS: ReadonlySet<string> = new Set(bodySchema.options.map((option) => option.entries.kind.literal));

export type ParsedBody = ContentBody | { kind: 'unknown' };

const encoder = new TextEncoder();
const decoder = new TextDecoder('utf-8', { fatal: true });

export function encodeBody(body: ContentBody): Uint8Array<ArrayBuffer> {
  return encoder.encode(JSON.stringify(body)) as Uint8Array<ArrayBuffer>;
}

/** `null` for what is no body at all: not JSON, too long, or a known kind and version with fields that are not its own. */
export function parseBody(bytes: Uint8Array): ParsedBody | null {
  if (bytes.length > MAX_BODY_BYTES) return null;
  let json: unknown;
  try {
    json = JSON.parse(decoder.decode(bytes));
  } catch {
    return null;
  }
  const front = v.safeParse(frontSchema, json);
  if (!front.success) return null;
  if (!KNOWN_KINDS.has(front.output.kind) || front.output.version !== 1) return { kind: 'unknown' };
  const body = v.safeParse(bodySchema, json);
  return body.success ? body.output : null;
}
