/**
 * The backup of an account, under a key that only its recovery key derives (C22, D10).
 *   backup     = version 1 ‖ account 32 ‖ sequence u32 ‖ commitment 32 ‖ C6 record (label "Sottovoce v1 backup", kind 5, aad = all before it)
 *   plaintext  = content sized ‖ zeros, so that the whole is a power of two from 4 KiB to 64 MiB
 *   commitment = HMAC-SHA256(backup key, "Sottovoce v1 backup key commitment")
 *   digest     = SHA-256(backup), which stands with its sequence in the device list (C18): an old backup shows at the first message
 *
 * The commitment makes a backup of one key no backup of another (ATTACKS 5); the account and sequence in the aad make it one account's and one
 * moment's. Does not promise that the relay returns the latest: that is what the device list is asked for.
 */
import { type Bytes, concat, equalBytes, type RandomBytes, utf8 } from '../bytes.ts';
import type { BackupMark } from '../chain/device-list.ts';
import { CryptoError, require } from '../errors.ts';
import { type AccountId, accountIdFromBytes, accountIdToBytes } from '../keys/account-id.ts';
import { KIND, LABEL } from '../labels.ts';
import { MAX_BACKUP_BYTES, MIN_BACKUP_BYTES } from '../limits.ts';
import { primitives } from '../primitives/installed.ts';
import { reader } from '../wire/reader.ts';
import { writer } from '../wire/writer.ts';
import { openRecord, SALT_BYTES, sealRecord, TAG_BYTES } from './aead.ts';

const VERSION = 1;
const KEY_BYTES = 32;
const COMMITMENT_BYTES = 32;
const HEADER_BYTES = 1 + 32 + 4 + COMMITMENT_BYTES;
const OVERHEAD_BYTES = HEADER_BYTES + SALT_BYTES + TAG_BYTES;
const LENGTH_BYTES = 4;

export type BackupHeader = { accountId: AccountId; sequence: number };

function commitmentOf(backupKey: Bytes): Bytes {
  require(backupKey.length === KEY_BYTES, 'bad-key');
  return primitives.hmacSha256(backupKey, utf8(LABEL.backupCommitment));
}

function sizeFor(contentBytes: number): number {
  for (let size = MIN_BACKUP_BYTES; size <= MAX_BACKUP_BYTES; size *= 2)
    if (size >= contentBytes + LENGTH_BYTES + OVERHEAD_BYTES) return size;
  throw new CryptoError('too-large');
}

const isBackupSize = (bytes: number): boolean =>
  bytes >= MIN_BACKUP_BYTES && bytes <= MAX_BACKUP_BYTES && Number.isInteger(Math.log2(bytes));

function encodeHeader({ accountId, sequence }: BackupHeader, commitment: Bytes): Bytes {
  return writer().u8(VERSION).fixed(accountIdToBytes(accountId), 32).u32(sequence).fixed(commitment, COMMITMENT_BYTES).done();
}

export async function sealBackup(
  backupKey: Bytes,
  header: BackupHeader,
  content: Uint8Array,
  random: RandomBytes,
): Promise<{ backup: Bytes; mark: BackupMark }> {
  const head = encodeHeader(header, commitmentOf(backupKey));
  const plaintext = new Uint8Array(sizeFor(content.length) - OVERHEAD_BYTES);
  plaintext.set(writer().sized(content, MAX_BACKUP_BYTES).done());
  const backup = concat(head, await sealRecord(backupKey, LABEL.backup, KIND.backup, head, plaintext, random));
  return { backup, mark: { sequence: header.sequence, digest: primitives.sha256(backup) } };
}

/** What a backup says of itself, before anything is believed. Throws `malformed`, `too-large`, `unsupported-version`. */
export function parseBackupHeader(backup: Uint8Array): BackupHeader & { commitment: Bytes } {
  require(backup.length <= MAX_BACKUP_BYTES, 'too-large');
  require(isBackupSize(backup.length), 'malformed');
  const from = reader(backup, MAX_BACKUP_BYTES);
  from.expect(VERSION, 'unsupported-version');
  return { accountId: accountIdFromBytes(from.bytes(32)), sequence: from.u32(), commitment: from.bytes(COMMITMENT_BYTES) };
}

/**
 * `mark`: what the account's device list says, where one is at hand. Throws as `parseBackupHeader`; `wrong-context` for another account's;
 * `stale` for an older one than marked; `broken-link` for another one of the marked sequence; `bad-mac` for another key's or changed bytes.
 */
export async function openBackup(
  backupKey: Bytes,
  accountId: AccountId,
  backup: Uint8Array,
  mark?: BackupMark,
): Promise<{ sequence: number; content: Bytes }> {
  const header = parseBackupHeader(backup);
  require(header.accountId === accountId, 'wrong-context');
  require(equalBytes(header.commitment, commitmentOf(backupKey)), 'bad-mac');
  require(header.sequence >= (mark?.sequence ?? 0), 'stale');
  if (header.sequence === mark?.sequence) require(equalBytes(primitives.sha256(backup), mark.digest), 'broken-link');
  const head = backup.subarray(0, HEADER_BYTES);
  const plaintext = await openRecord(backupKey, LABEL.backup, KIND.backup, head, backup.subarray(HEADER_BYTES));
  const from = reader(plaintext, MAX_BACKUP_BYTES);
  const content = from.sized(MAX_BACKUP_BYTES);
  require(from.rest().every((byte) => byte === 0) && sizeFor(content.length) === backup.length, 'malformed');
  return { sequence: header.sequence, content };
}
