/**
 * Linking a further device (D6): a code that goes from screen to eye or camera, and a channel that only its two readers share.
 *   code       = secret 32 ‖ SHA-256(label ‖ 0x00 ‖ new device's ephemeral key) 32, scanned · secret 16, typed: 26 characters of base32
 *   transcript = SHA-256("Sottovoce v1 link transcript" ‖ 0x00 ‖ version 1 ‖ new device's key 32 ‖ old device's key 32)
 *   outer      = HKDF-SHA256(X25519(ours, theirs), salt transcript, "Sottovoce v1 link channel" ‖ direction)        (RFC 7748, RFC 5869)
 *   inner      = HKDF-SHA256(secret, salt transcript, "Sottovoce v1 link code" ‖ direction)
 *   message    = AEAD(outer, AEAD(inner, plaintext)), both aead.ts, aad = version ‖ direction ‖ number u32             96 bytes longer
 * The secret is made by the new device, is never sent, and no value that is sent is derived from it alone: who records everything and later
 * computes discrete logarithms still faces 128 bits or 256, and whoever stands between without having read the code opens nothing and
 * writes nothing (ATTACKS 38). Direction 1 is from the new device, 2 from the old. Messages open in order, each once.
 *
 * Not promised: anything against who reads the code. One use, two minutes and a confirmation on both sides are the engine's.
 */
import { type Bytes, concat, equalBytes, fromBase64url, type RandomBytes, toBase64url, utf8, wipe } from './bytes.ts';
import { require } from './errors.ts';
import { CURVE_KEY_BYTES, generateKeyPair, type KeyPair, requirePrimeOrderKey } from './keys/curve-key.ts';
import { KIND, LABEL, type Label } from './labels.ts';
import { MAX_LINKED_BYTES, MAX_LINKING_CODE_CHARACTERS } from './limits.ts';
import { hkdf } from './primitives/hkdf.ts';
import { primitives } from './primitives/installed.ts';
import { openRecord, sealRecord } from './sealing/aead.ts';
import { reader } from './wire/reader.ts';
import { writer } from './wire/writer.ts';

/** `keyHash` is null in a typed code, which has no room for it. */
export type LinkingCode = { secret: Bytes; keyHash: Bytes | null };

type Keys = { outer: Bytes; inner: Bytes };
/** Values: sealing and opening give the next one. `sent` and `received` number the messages. */
export type LinkingChannel = { role: LinkingRole; send: Keys; receive: Keys; sent: number; received: number };
export type LinkingRole = 'new' | 'old';

const VERSION = 1;
const HASH_BYTES = 32;
const SCANNED_SECRET_BYTES = 32;
const TYPED_SECRET_BYTES = 16;
const TYPED_CHARACTERS = 26;
const LAYER_BYTES = 48;

// Nothing like an invite, which is a link.
const SCANNED_START = 'sottovoce-link:';
// RFC 4648 §6: no 0, 1, 8 or 9 to take for a letter.
const ALPHABET = 'ABCDEFGHIJKLMNOPQRSTUVWXYZ234567';

function hashOf(label: Label, ...parts: Uint8Array[]): Bytes {
  return primitives.sha256(concat(utf8(label), Uint8Array.of(0), ...parts));
}

/** By the new device, for one use. */
export async function generateLinkingCode(
  form: 'scanned' | 'typed',
  random: RandomBytes,
): Promise<{ code: LinkingCode; ephemeral: KeyPair }> {
  const ephemeral = await generateKeyPair(random);
  if (form === 'typed') return { code: { secret: random(TYPED_SECRET_BYTES), keyHash: null }, ephemeral };
  return { code: { secret: random(SCANNED_SECRET_BYTES), keyHash: hashOf(LABEL.linkKey, ephemeral.publicKey) }, ephemeral };
}

function toBase32(secret: Uint8Array): string {
  let value = secret.reduce((sum, byte) => sum * 256n + BigInt(byte), 0n) * 4n;
  let out = '';
  for (let i = 0; i < TYPED_CHARACTERS; i++, value /= 32n) out = ALPHABET.charAt(Number(value % 32n)) + out;
  return out;
}

function fromBase32(text: string): Bytes {
  let value = 0n;
  for (const letter of text) {
    const digit = ALPHABET.indexOf(letter);
    require(digit >= 0, 'malformed');
    value = value * 32n + BigInt(digit);
  }
  // 26 characters hold 130 bits; the last two are zero, so that a secret has one text.
  require(value % 4n === 0n, 'malformed');
  const out = new Uint8Array(TYPED_SECRET_BYTES);
  for (let i = out.length - 1, left = value / 4n; i >= 0; i--, left /= 256n) out[i] = Number(left % 256n);
  return out;
}

/** What the code on the screen holds, or the characters to type. */
export function encodeLinkingCode({ secret, keyHash }: LinkingCode): string {
  if (keyHash === null) {
    require(secret.length === TYPED_SECRET_BYTES, 'malformed');
    return toBase32(secret);
  }
  const bytes = writer().u8(VERSION).fixed(secret, SCANNED_SECRET_BYTES).fixed(keyHash, HASH_BYTES).done();
  return SCANNED_START + toBase64url(bytes);
}

/** Typed codes in any case, with spaces or hyphens. Throws `malformed`, `too-large`, `unsupported-version`. */
export function parseLinkingCode(text: string): LinkingCode {
  require(text.length <= MAX_LINKING_CODE_CHARACTERS, 'too-large');
  if (text.startsWith(SCANNED_START)) {
    const from = reader(fromBase64url(text.slice(SCANNED_START.length)), 1 + SCANNED_SECRET_BYTES + HASH_BYTES);
    from.expect(VERSION, 'unsupported-version');
    const code = { secret: from.bytes(SCANNED_SECRET_BYTES), keyHash: from.bytes(HASH_BYTES) };
    from.end();
    return code;
  }
  const letters = text.toUpperCase().replaceAll(/[\s-]+/g, '');
  require(letters.length === TYPED_CHARACTERS, 'malformed');
  return { secret: fromBase32(letters), keyHash: null };
}

/**
 * Both sides call it with the other's ephemeral key, as the relay brought it. Throws `bad-key`; `untrusted-identity` when the new device's key
 * is not the one in the code; `wrong-context` for one's own key sent back.
 */
export async function startLinkingChannel(
  role: LinkingRole,
  code: LinkingCode,
  ours: KeyPair,
  theirPublicKey: Uint8Array,
): Promise<LinkingChannel> {
  require(theirPublicKey.length === CURVE_KEY_BYTES, 'bad-key');
  requirePrimeOrderKey(theirPublicKey);
  require(!equalBytes(theirPublicKey, ours.publicKey), 'wrong-context');
  const [newKey, oldKey] = role === 'new' ? [ours.publicKey, theirPublicKey] : [theirPublicKey, ours.publicKey];
  require(code.keyHash === null || equalBytes(code.keyHash, hashOf(LABEL.linkKey, newKey)), 'untrusted-identity');
  const transcript = hashOf(LABEL.linkTranscript, Uint8Array.of(VERSION), newKey, oldKey);
  const shared = await primitives.x25519(ours.privateKey, theirPublicKey);
  const keysOf = (direction: number): Keys => ({
    outer: hkdf(shared, transcript, concat(utf8(LABEL.linkChannel), Uint8Array.of(direction)), 32),
    inner: hkdf(code.secret, transcript, concat(utf8(LABEL.linkCode), Uint8Array.of(direction)), 32),
  });
  const [fromNew, fromOld] = [keysOf(1), keysOf(2)];
  wipe(shared);
  const [send, receive] = role === 'new' ? [fromNew, fromOld] : [fromOld, fromNew];
  return { role, send, receive, sent: 0, received: 0 };
}

function aadOf(fromNew: boolean, number: number): Bytes {
  return writer()
    .u8(VERSION)
    .u8(fromNew ? 1 : 2)
    .u32(number)
    .done();
}

export async function sealLinked(
  channel: LinkingChannel,
  plaintext: Uint8Array,
  random: RandomBytes,
): Promise<{ channel: LinkingChannel; message: Bytes }> {
  require(plaintext.length <= MAX_LINKED_BYTES, 'too-large');
  const aad = aadOf(channel.role === 'new', channel.sent);
  const inner = await sealRecord(channel.send.inner, LABEL.linkCode, KIND.linking, aad, plaintext, random);
  const message = await sealRecord(channel.send.outer, LABEL.linkChannel, KIND.linking, aad, inner, random);
  return { channel: { ...channel, sent: channel.sent + 1 }, message };
}

/** Throws `bad-mac` for a message of another code, channel, direction or place, and for changed bytes: the channel is then given up. */
export async function openLinked(channel: LinkingChannel, message: Uint8Array): Promise<{ channel: LinkingChannel; plaintext: Bytes }> {
  require(message.length <= MAX_LINKED_BYTES + 2 * LAYER_BYTES, 'too-large');
  const aad = aadOf(channel.role === 'old', channel.received);
  const inner = await openRecord(channel.receive.outer, LABEL.linkChannel, KIND.linking, aad, message);
  const plaintext = await openRecord(channel.receive.inner, LABEL.linkCode, KIND.linking, aad, inner);
  return { channel: { ...channel, received: channel.received + 1 }, plaintext };
}
