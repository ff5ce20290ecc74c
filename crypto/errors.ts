/** Every way the protocol library refuses. A code says what class of failure it was and never carries bytes, keys or text. */
export const CRYPTO_ERROR_CODES = [
  'malformed', // the bytes are not an encoding of this thing
  'too-large', // a length or count over its bound
  'unsupported-version', // a version, suite or kind byte this build does not know
  'bad-key', // a low-order, non-canonical or otherwise unusable key
  'bad-signature', // a signature does not verify
  'bad-mac', // a MAC or AEAD tag does not verify: wrong key, wrong context or changed bytes
  'duplicate', // a message that this state has already decrypted
  'too-far-ahead', // a counter beyond the forward jump this state accepts
  'unknown-session', // a session message for which there is no session
  'unknown-prekey', // a first message names a prekey that is not (or no longer) here
  'unknown-sender-key', // a group message under a sender key this state does not hold
  'untrusted-identity', // the identity key is not the one expected
  'wrong-kind', // bytes of one kind met the opener of another
  'wrong-context', // authentic, but bound to other accounts, devices, group or epoch
  'not-allowed', // a well-signed operation that the rules do not permit
  'broken-link', // a chain entry that does not follow the one before it
  'stale', // older than what is already known, or past its date
  'bad-recovery-key', // words that are no recovery key
] as const;

export type CryptoErrorCode = (typeof CRYPTO_ERROR_CODES)[number];

export class CryptoError extends Error {
  override readonly name = 'CryptoError';
  readonly code: CryptoErrorCode;

  constructor(code: CryptoErrorCode) {
    super(code);
    this.code = code;
  }
}

/** Throws `new CryptoError(code)` unless the condition holds. */
export function require(condition: boolean, code: CryptoErrorCode): asserts condition {
  if (!condition) throw new CryptoError(code);
}
