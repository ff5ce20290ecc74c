/** Every bound of the protocol library, with its unit in its name and its reason above it. */

// One relay frame must hold it; larger goes as an attachment.
export const MAX_ENVELOPE_BYTES = 65_536;

// Few sizes say little about what is inside; powers of two waste at most half.
export const ENVELOPE_SIZES_BYTES = [2_048, 4_096, 8_192, 16_384, 32_768, 65_536] as const;

// A sender that lost this many messages in a row has a new session by then; more would let a forger make us hash for seconds.
export const MAX_PAIRWISE_JUMP = 2_000;

// A session left behind is tried under a ratchet key it has not seen only this far: what its peer still wrote there comes in order, from
// number 0 on, and the relay hands out at most so many envelopes before one is acknowledged (R9). Farther is asked for again (E10). Without
// it a forger would have the long way walked in every session that is kept.
export const MAX_ARCHIVED_JUMP = 64;

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

// Who left, remembered to accept what they wrote before: as many as a group may have members, the oldest forgotten first.
export const MAX_FORMER_MEMBERS = 1_000;

// Heads of a group log remembered to compare with those that messages report; a message that much late says nothing about a fork.
export const MAX_HEAD_MARKS = 64;

// Sealed, a log entry fills one of the powers of two up to MAX_CHAIN_ENTRY_BYTES. The smallest holds every operation but `create` and a large `add`.
export const MIN_LOG_SLOT_BYTES = 512;

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
// How much of a history may be shown at once; each entry is at most 409 bytes and costs one signature check.
export const MAX_DEVICE_LIST_ENTRIES = 512;

// A relay's username certificate: a compact EdDSA JWS of a few claims.
export const MAX_CERTIFICATE_BYTES = 2_048;

// A linking code: 26 characters with a space or hyphen after each, or 15 and 87 of the scanned form.
export const MAX_LINKING_CODE_CHARACTERS = 128;
// One message of a device's transfer; more goes in several.
export const MAX_LINKED_BYTES = 65_536;

export const RECOVERY_KEY_WORDS = 12;
// One chunk is sealed, sent and opened at a time: what a phone holds in memory of a film.
export const ATTACHMENT_CHUNK_BYTES = 1_048_576;
export const MAX_ATTACHMENT_BYTES = 104_857_600;
// Below this all are alike.
export const MIN_ATTACHMENT_PADDED_BYTES = 1_024;

// A backup has one of the powers of two between: contacts and settings of a new account, and a history as large as a phone restores.
export const MIN_BACKUP_BYTES = 4_096;
export const MAX_BACKUP_BYTES = 67_108_864;

// Twelve words of at most eight letters, numbered, on lines of their own, and room for stray spaces.
export const MAX_RECOVERY_TEXT_CHARACTERS = 1_000;

// Sessions kept beside the open one: simultaneous starts and resets (one a device pair and hour) leave late messages under old ones.
export const MAX_ARCHIVED_SESSIONS = 10;
// Receiving chains kept beside the newest: how many turns of the conversation a late message may be behind.
export const MAX_OLD_RECEIVING_CHAINS = 10;
// In all chains of one session; two full chains. Bounds what one contact can make a vault hold to about 150 kB a session.
export const MAX_SKIPPED_KEYS_A_SESSION = 2 * MAX_SKIPPED_KEYS;
// As long as the prekeys of that time live (D9).
export const SKIPPED_KEY_KEEP_MS = PREKEY_PRIVATE_KEEP_MS;

// Argon2id for the vault's passphrase: about half a second and 64 MiB on a laptop; RFC 9106 §4 gives t=3, 64 MiB as its second choice.
export const VAULT_PASSWORD_COST = { memoryKib: 65_536, passes: 3, lanes: 1 } as const;
// What a stored vault may ask of this machine: less would be no protection, more would stop a phone.
export const MIN_PASSWORD_MEMORY_KIB = 8_192;
export const MAX_PASSWORD_MEMORY_KIB = 1_048_576;
export const MAX_PASSWORD_PASSES = 16;
export const MAX_PASSWORD_LANES = 4;
// Long enough for any sentence; normalising and hashing stay instant.
export const MAX_PASSPHRASE_CHARACTERS = 1_024;
