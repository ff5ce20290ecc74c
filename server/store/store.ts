/**
 * What the relay keeps, as a port: SQLite today, PostgreSQL where one machine is not enough. Every method is atomic and durable when its
 * promise resolves. Nothing here names who submitted an envelope: the store is never told.
 */
import type { Bytes } from '../protocol/bytes.ts';
import type { ErrorCode } from '../protocol/errors.ts';
import type { Recipient } from '../protocol/frames.ts';
import type { AdminStore } from './admin-store.ts';

export type Role = 'admin' | 'member';
export type OneTimePrekey = { id: number; publicKey: Bytes };

/** `row` numbers a device for the life of the database and is never given to another. */
export type StoredDevice = { row: number; accountId: string; deviceId: number; loginKey: Bytes; role: Role; username: string } & {
  /** Its account is disabled or it was revoked by whoever runs the relay: neither login nor token counts. */
  blocked: boolean;
};
export type StoredAccount = { accountId: string; username: string; role: Role; genesis: Bytes; rotations: Bytes[]; deviceList: Bytes[] };
export type StoredBundle = { deviceId: number; deviceRecord: Bytes; oneTimePrekey: OneTimePrekey | null };

export type Registration = {
  inviteHash: Bytes;
  accountId: string;
  username: string;
  genesis: Bytes;
  listEntry: Bytes;
  deviceId: number;
  loginKey: Bytes;
  deviceRecord: Bytes;
  recordSequence: number;
  oneTimePrekeys: OneTimePrekey[];
  now: number;
};

export type AccountStore = {
  register(registration: Registration): Promise<{ role: Role }>;
  usernameIsFree(username: string): Promise<boolean>;
  accountIdOfUsername(username: string): Promise<string | undefined>;
  /** Device-list entries after `afterListVersion`. */
  account(accountId: string, afterListVersion: number): Promise<StoredAccount | undefined>;
  device(accountId: string, deviceId: number): Promise<StoredDevice | undefined>;
  deviceCount(accountId: string): Promise<number>;
  /** SHA-256 of the account's delivery token. */
  setDeliveryVerifier(accountId: string, verifier: Bytes): Promise<void>;
  publishDeviceRecord(publisher: StoredDevice, record: DeviceRecordRow): Promise<void>;
  /** Compare-and-swap on the version; answers the rows of devices that are listed no more, erased with all they had. */
  appendDeviceList(accountId: string, list: { version: number; entry: Bytes; deviceIds: number[] }): Promise<{ removed: number[] }>;
};
export type DeviceRecordRow = { deviceId: number; loginKey: Bytes; record: Bytes; sequence: number };

export type PrekeyStore = {
  claim(accountId: string, deviceIds: number[], withOneTimePrekey: boolean): Promise<StoredBundle[]>;
  addOneTimePrekeys(deviceRow: number, prekeys: OneTimePrekey[]): Promise<number>;
  countOneTimePrekeys(deviceRow: number): Promise<number>;
};

export type MailboxAddress = { deviceRow: number; sequence: number };
export type SubmissionResult =
  /** `strangers`: of the frame's recipients, by their place in it, those whose delivery token it did not carry; also for a repeat. */
  | { accepted: true; storedAt: number; placed: MailboxAddress[]; strangers: number[] }
  | { accepted: false; code: ErrorCode; accounts: string[] };
export type WaitingEnvelope = { sequence: number; envelopeId: Bytes; storedAt: number; body: Bytes };
export type MailboxState = { acknowledged: number; lastSequence: number; waiting: number };

/** When: on the calendar for what is stamped, and on the clock that never leaps for what is remembered. Milliseconds. */
export type Moment = { calendar: number; monotonic: number };

/** A submit frame as it came, found well formed, and the SHA-256 of its body. */
export type Submission = { frame: Bytes; digest: Uint8Array };

export type MailboxStore = {
  /** One transaction for all; each is stored for all its recipients or for none. */
  submit(submissions: readonly Submission[], at: Moment): Promise<SubmissionResult[]>;
  acknowledge(acknowledgements: ReadonlyMap<number, number>, monotonic: number): Promise<void>;
  mailbox(deviceRow: number): Promise<MailboxState>;
  /** In order of sequence, at least one when one waits, then up to both bounds. */
  waiting(deviceRow: number, after: number, maxEnvelopes: number, maxBytes: number): Promise<WaitingEnvelope[]>;
  /** Rows of the named devices that exist under the named list version; others are left out. */
  resolve(recipients: readonly Recipient[]): Promise<number[]>;
  /** How many mailbox entries ran out. */
  expire(now: number): Promise<number>;
};

export type GroupLogHead = { accessKey: Bytes; version: number };
export type GroupStore = {
  createGroupLog(groupId: string, accessKey: Bytes, entry: Bytes): Promise<boolean>;
  groupLogHead(groupId: string): Promise<GroupLogHead | undefined>;
  /** Compare-and-swap: false when the log holds another number of entries or another access key. */
  appendGroupEntry(groupId: string, expected: GroupLogHead, entry: Bytes, newAccessKey: Bytes | null): Promise<boolean>;
  groupEntries(groupId: string, from: number, maxEntries: number, maxBytes: number): Promise<Bytes[]>;
};

export type NewInvite = { id: Bytes; hash: Bytes; uses: number; expiresAt: number; createdBy: string };
export type StoredInvite = { id: Bytes; usesLeft: number; expiresAt: number };
export type InviteStore = {
  inviteIsOpen(hash: Bytes, now: number): Promise<boolean>;
  /** False when `maxOpen` of that account are open already. An admin's is told in the log of acts, in the same transaction; so is what he revokes. */
  createInvite(invite: NewInvite, maxOpen: number, now: number): Promise<boolean>;
  /** An admin sees and revokes every invite, a member his own. */
  invites(accountId: string, now: number): Promise<StoredInvite[]>;
  revokeInvite(accountId: string, id: Bytes, now: number): Promise<boolean>;
  /** True while nobody has registered: the invite under `hash` then opens the first account, an admin. */
  openFirstInvite(id: Bytes, hash: Bytes): Promise<boolean>;
};

export type Store = AccountStore &
  PrekeyStore &
  MailboxStore &
  GroupStore &
  InviteStore &
  AdminStore & {
    /** Moves what was committed into the database file and empties the journal, where acknowledged envelopes would linger. */
    tidy(): Promise<void>;
    /** Commits something that changes nothing: throws where a commit would fail. */
    probe(): Promise<void>;
    /** The number of migrations the data has had, read from it. */
    schema(): Promise<number>;
    close(): Promise<void>;
  };
