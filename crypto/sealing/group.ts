/**
 * The group seal (D3): one envelope for every device of a group.
 *   salt     = 32 fresh random bytes
 *   hint     = HMAC-SHA256(hint key, salt)[0..16]
 *   envelope = version 1 ‖ kind 1 ‖ salt 32 ‖ hint 16 ‖ AES-256-GCM(HKDF(seal key, salt, "Sottovoce v1 group seal" ‖ kind), …)
 *              with aad = kind ‖ version ‖ hint                                            66 bytes around the padded sealed message
 * The construction is aead.ts with the hint beside the salt. A receiver compares the hint of each epoch it knows before it opens:
 * one HMAC an epoch, and nothing that tells an outsider which group or epoch it is.
 *
 * Not promised: which member sealed it. All share the key; the sender key's signature inside says who.
 */
import { type Bytes, concat, equalBytes, type RandomBytes } from '../bytes.ts';
import { require } from '../errors.ts';
import { KIND, LABEL } from '../labels.ts';
import { primitives } from '../primitives/installed.ts';
import { encodeSealedMessage, parseSealedMessage, type SealedMessage } from '../wire/sealed-message.ts';
import { openUnderSalt, SALT_BYTES, sealUnderSalt } from './aead.ts';
import type { EpochKeys } from './epoch-keys.ts';
import { ENVELOPE_VERSION, envelopeKind, HINT_BYTES, paddedBytes } from './padding.ts';

const HINT_AT = 2 + SALT_BYTES;
const CIPHERTEXT_AT = HINT_AT + HINT_BYTES;

function hintOf(hintKey: Bytes, salt: Uint8Array): Bytes {
  return primitives.hmacSha256(hintKey, salt).slice(0, HINT_BYTES);
}

function groupAad(hint: Uint8Array): Bytes {
  return concat(Uint8Array.of(ENVELOPE_VERSION), hint);
}

/** Throws `wrong-kind` for a sealed message of another kind, `too-large` for one past `MAX_SEALED_BYTES`. */
export async function sealGroup(keys: EpochKeys, sealed: SealedMessage, random: RandomBytes): Promise<Bytes> {
  require(sealed.kind === KIND.group, 'wrong-kind');
  const plaintext = encodeSealedMessage(sealed, paddedBytes(KIND.group, sealed.message.length));
  const salt = random(SALT_BYTES);
  const hint = hintOf(keys.hint, salt);
  const ciphertext = await sealUnderSalt(keys.seal, salt, LABEL.groupSeal, KIND.group, groupAad(hint), plaintext);
  return concat(Uint8Array.of(ENVELOPE_VERSION, KIND.group), salt, hint, ciphertext);
}

function parts(envelope: Uint8Array): { salt: Uint8Array; hint: Uint8Array; ciphertext: Uint8Array } {
  require(envelopeKind(envelope) === KIND.group, 'wrong-kind');
  return {
    salt: envelope.subarray(2, HINT_AT),
    hint: envelope.subarray(HINT_AT, CIPHERTEXT_AT),
    ciphertext: envelope.subarray(CIPHERTEXT_AT),
  };
}

/** Whether these are the epoch's keys, without opening. Throws as `envelopeKind` does. */
export function matchesHint(keys: EpochKeys, envelope: Uint8Array): boolean {
  const { salt, hint } = parts(envelope);
  return equalBytes(hintOf(keys.hint, salt), hint);
}

/** Throws `bad-mac` for another group or epoch and for changed bytes. */
export async function openGroup(keys: EpochKeys, envelope: Uint8Array): Promise<SealedMessage> {
  const { salt, hint, ciphertext } = parts(envelope);
  // D3: the hint is compared before anything is opened.
  require(equalBytes(hintOf(keys.hint, salt), hint), 'bad-mac');
  const plaintext = await openUnderSalt(keys.seal, salt, LABEL.groupSeal, KIND.group, groupAad(hint), ciphertext);
  return parseSealedMessage(plaintext, KIND.group);
}
