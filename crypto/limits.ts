/** Every bound of the protocol library, with its unit in its name and its reason above it. */

// One relay frame must hold it; larger goes as an attachment.
export const MAX_ENVELOPE_BYTES = 65_536;

// Few sizes say little about what is inside; powers of two waste at most half.
export const ENVELOPE_SIZES_BYTES = [2_048, 4_096, 8_192, 16_384, 32_768, 65_536] as const;

// A sender that lost this many messages in a row has a new session by then; more would let a forger make us hash for seconds.
export const MAX_PAIRWISE_JUMP = 2_000;

// Signal's bound for groups, where whole days may be missed.
export const MAX_GROUP_JUMP = 25_000;

// Skipped message keys kept a chain: memory an attacker can make us hold. Oldest go first.
export const MAX_SKIPPED_KEYS = 2_000;

// Sender-key states kept a sender and distribution, as in Signal's library.
export const MAX_SENDER_KEY_STATES = 5;

// A new sender key after so many messages or so long: bounds what one stolen chain key reads.
export const SENDER_KEY_MAX_MESSAGES = 1_000;
export const SENDER_KEY_MAX_AGE_MS = 7 * 24 * 3_600_000;

// One HPKE encapsulation serves at most so many envelopes, or so long, to the same device.
export const RUN_MAX_ENVELOPES = 1_000;
export const RUN_MAX_AGE_MS = 24 * 3_600_000;

// Signed prekey and sealing key: made anew every 48 h, accepted up to 30 days old, private halves deleted 33 days after.
export const DEVICE_RECORD_ROTATE_MS = 48 * 3_600_000;
export const DEVICE_RECORD_MAX_AGE_MS = 30 * 24 * 3_600_000;
export const PREKEY_PRIVATE_KEEP_MS = 33 * 24 * 3_600_000;

// Clocks of honest machines differ; a record from further in the future is refused.
export const MAX_CLOCK_SKEW_MS = 24 * 3_600_000;

export const MAX_DEVICES = 20;
export const MAX_GROUP_MEMBERS = 1_000;

// A name is a line on a screen.
export const MAX_GROUP_NAME_BYTES = 256;

// One chain entry: a group of a thousand founders still fits (each about 120 bytes).
export const MAX_CHAIN_ENTRY_BYTES = 262_144;

// Relay ids below 2^31 so that every database and language holds them as a signed 32-bit number; 0 is never used (L5).
export const MAX_DEVICE_ID = 0x7fff_ffff;
export const MAX_PREKEY_ID = 0x00ff_ffff;
export const MAX_REGISTRATION_ID = 0x3fff;

// A rotation is rare (a device lost). Each costs one signature check, and a stranger's first message makes us do them all.
export const MAX_IDENTITY_ROTATIONS = 64;
// A change of devices about once a week for ten years; each entry is at most 500 bytes and costs one signature check.
export const MAX_DEVICE_LIST_ENTRIES = 512;

// A relay's username certificate: a compact EdDSA JWS of a few claims.
export const MAX_CERTIFICATE_BYTES = 2_048;

export const RECOVERY_KEY_WORDS = 12;
// Twelve words of at most eight letters, numbered, on lines of their own, and room for stray spaces.
export const MAX_RECOVERY_TEXT_CHARACTERS = 1_000;
