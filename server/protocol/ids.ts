import * as v from 'valibot';
import { base64urlLength, isBase64url } from './bytes.ts';
import { MAX_DEVICE_ID, MAX_PREKEY_ID } from './limits.ts';

export const ACCOUNT_ID_BYTES = 32;
export const ENVELOPE_ID_BYTES = 16;
export const DELIVERY_TOKEN_BYTES = 16;
export const DELIVERY_VERIFIER_BYTES = 32;
const GROUP_ID_BYTES = 32;
export const NONCE_BYTES = 32;
export const READ_NONCE_BYTES = 16;
export const INVITE_CODE_BYTES = 20;
export const PUBLIC_KEY_BYTES = 32;
export const SIGNATURE_BYTES = 64;

/** Bytes in JSON: base64url without padding, in its one canonical form, between `min` and `max` bytes long. */
export function base64urlBytes(min: number, max: number = min) {
  return v.pipe(
    v.string(),
    v.maxLength(Math.ceil((max * 4) / 3)),
    v.check((text) => isBase64url(text) && base64urlLength(text) >= min && base64urlLength(text) <= max, 'not base64url of that length'),
  );
}

/** Base64url of SHA-256('Sottovoce v1 account id' ‖ 0x00 ‖ genesis record): an identity; a username is only a label. */
export const accountIdSchema = base64urlBytes(ACCOUNT_ID_BYTES);
export type AccountId = v.InferOutput<typeof accountIdSchema>;

export const deviceIdSchema = v.pipe(v.number(), v.integer(), v.minValue(1), v.maxValue(MAX_DEVICE_ID));
export const prekeyIdSchema = v.pipe(v.number(), v.integer(), v.minValue(1), v.maxValue(MAX_PREKEY_ID));
export const groupIdSchema = base64urlBytes(GROUP_ID_BYTES);

// Lower case alone, so that no two names differ only in how they look.
export const usernameSchema = v.pipe(v.string(), v.maxLength(32), v.regex(/^[a-z][a-z0-9_]{2,31}$/));

/** Anything short is a well-formed guess; only the digest decides whether it is an invite. */
export const inviteSchema = base64urlBytes(INVITE_CODE_BYTES);
export const publicKeySchema = base64urlBytes(PUBLIC_KEY_BYTES);
export const signatureSchema = base64urlBytes(SIGNATURE_BYTES);

/** Milliseconds since 1970. */
export const timeSchema = v.pipe(v.number(), v.integer(), v.minValue(0), v.maxValue(Number.MAX_SAFE_INTEGER));
export const uint32Schema = v.pipe(v.number(), v.integer(), v.minValue(0), v.maxValue(0xffff_ffff));
