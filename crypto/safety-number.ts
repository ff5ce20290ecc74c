/**
 * The safety number two people compare: sixty digits, or a code one scans from the other's screen. Signal's numeric fingerprint, version 2
 * for scanning, over *account* keys, so that it stays when a device is lost (D6). Signal published the algorithm with
 * https://signal.org/blog/safety-number-updates/; the bytes are those of its library.
 *
 *   H₀ = 0x0000 ‖ key ‖ id · Hᵢ = SHA-512(Hᵢ₋₁ ‖ key), i = 1 … 5,200 · key = 0x05 ‖ account key, id = UTF-8(account id)
 *   digits = for both halves, the smaller first: six times (five bytes of H, big-endian, mod 100,000)
 *   scannable = 08 02 ‖ 12 22 0a 20 ‖ H(ours)[0..32] ‖ 1a 22 0a 20 ‖ H(theirs)[0..32]
 *
 * The iterations make a search for a near-collision of 30 digits (about 2^100) dearer by 2^12. Does not say which of two differing numbers
 * is the impostor's.
 */
import { type Bytes, concat, equalBytes, utf8 } from './bytes.ts';
import { require } from './errors.ts';
import { type AccountId, accountIdToBytes } from './keys/account-id.ts';
import { requireCurveKey } from './keys/curve-key.ts';
import { primitives } from './primitives/installed.ts';

const ITERATIONS = 5_200;
const SCANNED_HASH_BYTES = 32;
const SCAN_HEAD = Uint8Array.of(0x08, 0x02);
const SCAN_LOCAL = Uint8Array.of(0x12, 0x22, 0x0a, 0x20);
const SCAN_REMOTE = Uint8Array.of(0x1a, 0x22, 0x0a, 0x20);
const LOCAL_AT = SCAN_HEAD.length + SCAN_LOCAL.length;
const REMOTE_AT = LOCAL_AT + SCANNED_HASH_BYTES + SCAN_REMOTE.length;
const SCANNABLE_BYTES = REMOTE_AT + SCANNED_HASH_BYTES;

export type SafetyParty = { accountId: AccountId; accountKey: Bytes };
export type SafetyNumber = { digits: string; scannable: Bytes };

/** 64 bytes for one side. Any id: accounts have theirs, and Signal's own examples another. */
export function fingerprint(id: string, publicKey: Uint8Array): Bytes {
  const key = concat(Uint8Array.of(0x05), publicKey);
  let hash = concat(Uint8Array.of(0, 0), key, utf8(id));
  for (let i = 0; i < ITERATIONS; i++) hash = primitives.sha512(concat(hash, key));
  return hash;
}

function halfDigits(hash: Uint8Array): string {
  let digits = '';
  for (let at = 0; at < 30; at += 5) {
    let value = 0;
    for (let i = 0; i < 5; i++) value = value * 256 + (hash[at + i] as number);
    digits += String(value % 100_000).padStart(5, '0');
  }
  return digits;
}

export function combineFingerprints(ours: Uint8Array, theirs: Uint8Array): SafetyNumber {
  const digits = [halfDigits(ours), halfDigits(theirs)].sort().join('');
  const scannable = concat(
    SCAN_HEAD,
    SCAN_LOCAL,
    ours.subarray(0, SCANNED_HASH_BYTES),
    SCAN_REMOTE,
    theirs.subarray(0, SCANNED_HASH_BYTES),
  );
  return { digits, scannable };
}

/** Both sides get the same digits; `scannable` is what our screen shows. Throws `malformed`, `bad-key`. */
export async function safetyNumber(ours: SafetyParty, theirs: SafetyParty): Promise<SafetyNumber> {
  const halves = [ours, theirs].map(({ accountId, accountKey }) => {
    accountIdToBytes(accountId);
    return fingerprint(accountId, requireCurveKey(accountKey));
  });
  return combineFingerprints(halves[0] as Bytes, halves[1] as Bytes);
}

function parseScannable(bytes: Uint8Array): { local: Uint8Array; remote: Uint8Array } {
  require(bytes.length >= 2 && bytes[0] === SCAN_HEAD[0], 'malformed');
  require(bytes[1] === SCAN_HEAD[1], 'unsupported-version');
  require(bytes.length === SCANNABLE_BYTES, 'malformed');
  require(equalBytes(bytes.subarray(2, LOCAL_AT), SCAN_LOCAL), 'malformed');
  require(equalBytes(bytes.subarray(REMOTE_AT - SCAN_REMOTE.length, REMOTE_AT), SCAN_REMOTE), 'malformed');
  return { local: bytes.subarray(LOCAL_AT, LOCAL_AT + SCANNED_HASH_BYTES), remote: bytes.subarray(REMOTE_AT) };
}

/** Their screen against ours, each seen from its own side. Throws `malformed` or `unsupported-version` for what is no such code. */
export function compareScannable(ours: Uint8Array, scanned: Uint8Array): 'match' | 'mismatch' {
  const mine = parseScannable(ours);
  const other = parseScannable(scanned);
  return equalBytes(mine.local, other.remote) && equalBytes(mine.remote, other.local) ? 'match' : 'mismatch';
}
