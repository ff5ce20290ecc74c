/** Every bound of the wire, with its unit in its name and its reason above it. Rates are the operator's: server/config/rates.ts. */

// Few sizes say little about what is inside; powers of two waste at most half.
export const ENVELOPE_SIZES_BYTES = [2_048, 4_096, 8_192, 16_384, 32_768, 65_536] as const;
export const MAX_ENVELOPE_BYTES = 65_536;

// A group of a thousand members is reached by one submit when most have one device; larger fan-outs are split by the sender.
export const MAX_SUBMIT_RECIPIENTS = 1_024;
export const RECIPIENT_BYTES = 40;

// In a submit each recipient comes with a delivery token, or with zeros.
export const SUBMIT_RECIPIENT_BYTES = RECIPIENT_BYTES + 16;

// The largest frame there is: a submit with every recipient and the largest envelope.
export const MAX_FRAME_BYTES = 1 + 1 + 4 + 16 + 2 + MAX_SUBMIT_RECIPIENTS * SUBMIT_RECIPIENT_BYTES + MAX_ENVELOPE_BYTES;

// A token of ours has about 250 bytes.
export const MAX_TOKEN_BYTES = 1_024;

// A socket that has not said who it is costs memory for so long at most.
export const HELLO_TIMEOUT_MS = 10_000;

// Delivered and not yet acknowledged on one socket: what the relay holds in memory for a slow reader.
export const DELIVERY_WINDOW_ENVELOPES = 64;
export const DELIVERY_WINDOW_BYTES = 1_048_576;

// An envelope nobody fetched is dropped after this long, and its sender's client shows it as not delivered.
export const ENVELOPE_KEEP_MS = 30 * 24 * 3_600_000;

// The same envelope submitted again within this time after it was fetched is recognised and not delivered twice.
export const RESUBMIT_MEMORY_MS = 10 * 60_000;

// Ids stay below 2^31 so that every database and language holds them as a signed 32-bit number; 0 is never used.
export const MAX_DEVICE_ID = 0x7fff_ffff;
export const MAX_PREKEY_ID = 0x00ff_ffff;

export const MAX_DEVICES = 20;
export const MAX_ONE_TIME_PREKEYS_PER_REQUEST = 100;
export const MAX_ONE_TIME_PREKEYS_KEPT = 200;

// Public records. A device record is about 1.5 kB (its X-Wing key alone 1,216); the others a few hundred bytes.
export const MAX_GENESIS_BYTES = 256;
export const MAX_DEVICE_RECORD_BYTES = 4_096;
export const MAX_DEVICE_LIST_ENTRY_BYTES = 2_048;
export const MAX_ROTATION_ENTRY_BYTES = 2_048;

// Lists only grow: an account that changes its devices once a week for ten years stays below.
export const MAX_DEVICE_LIST_ENTRIES = 512;
export const MAX_ROTATIONS = 256;

// A chain entry of 256 KiB (a thousand founders) with its seal and the previous log key.
export const MAX_GROUP_ENTRY_BYTES = 262_144 + 1_024;
export const MAX_GROUP_ENTRIES = 65_536;
export const GROUP_PAGE_ENTRIES = 100;
export const GROUP_PAGE_BYTES = 524_288;

// A read request may be this old or this far ahead; its nonce is remembered as long.
export const GROUP_READ_SKEW_MS = 5 * 60_000;

export const MAX_INVITE_USES = 50;
export const MAX_INVITE_DAYS = 30;
export const DEFAULT_INVITE_DAYS = 7;
export const MAX_OPEN_INVITES = 20;

export const LOGIN_NONCE_LIFETIME_MS = 60_000;
export const TOKEN_LIFETIME_MS = 10 * 60_000;
export const CERTIFICATE_LIFETIME_MS = 7 * 24 * 3_600_000;
export const MAX_CERTIFICATE_CHARACTERS = 1_024;

// Bodies of requests, as JSON text: ids, keys and signatures; records and prekeys; group entries.
export const MAX_SMALL_REQUEST_BYTES = 2_048;
export const MAX_REQUEST_BYTES = 65_536;
export const MAX_GROUP_REQUEST_BYTES = 393_216;
