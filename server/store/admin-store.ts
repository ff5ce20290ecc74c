/** What the person who runs the relay may see and change; part of the port in store.ts. Nothing finer than what is on disk. */
import type { Bytes } from '../protocol/bytes.ts';
import type { Role } from './store.ts';

/** `devices`: those that may log in. */
export type KeptAccount = {
  accountId: string;
  username: string;
  role: Role;
  disabled: boolean;
  devices: number;
  envelopes: number;
  bytes: number;
};
export type KeptDevice = { deviceId: number; revoked: boolean; oneTimePrekeys: number; envelopes: number; bytes: number };
/** `first`: the invite for the first account, which never runs out. */
export type KeptInvite = { id: Bytes; usesLeft: number; expiresAt: number | null; makesAdmin: boolean; first: boolean };
export type AdminInvite = { id: Bytes; hash: Bytes; uses: number; expiresAt: number; makesAdmin: boolean };

export type Counts = { accounts: number; disabled: number; devices: number; invites: number; groupLogs: number; groupBytes: number };
export type Fill = {
  envelopes: number;
  bodies: number;
  bytes: number /** Start of the hour the oldest came in. */;
  oldestAt: number | null;
};

/** Who did it and when; the act writes its row of the log in its own transaction. */
export type Actor = { now: number; by: string };
export type LoggedAct = { hour: number; act: string; target: string | null; by: string };

export type AdminStore = {
  keptAccounts(): Promise<KeptAccount[]>;
  keptDevices(accountId: string): Promise<KeptDevice[]>;
  keptInvites(now: number): Promise<KeptInvite[]>;
  /** Those who are disabled not among them. */
  adminCount(): Promise<number>;
  counts(): Promise<Counts>;
  fill(): Promise<Fill>;
  /** Oldest first. */
  adminLog(): Promise<LoggedAct[]>;

  openAdminInvite(invite: AdminInvite, actor: Actor): Promise<void>;
  closeInvite(id: Bytes, actor: Actor): Promise<'closed' | 'unknown' | 'first'>;
  /** Answers the rows of its devices, whose sockets are to be closed; undefined when nothing changed. */
  setDisabled(accountId: string, disabled: boolean, actor: Actor): Promise<number[] | undefined>;
  /** False when that was its role. */
  setRole(accountId: string, role: Role, actor: Actor): Promise<boolean>;
  /** Erases all there is of it and keeps name and id from ever being used again; answers its devices' rows. */
  eraseAccount(accountId: string, actor: Actor): Promise<number[]>;
  /** Undefined when there is no such device; `row` is undefined when it was revoked before. */
  revokeDevice(accountId: string, deviceId: number, actor: Actor): Promise<{ row: number | undefined } | undefined>;
  /** A row of the log by itself. */
  note(act: string, actor: Actor): Promise<void>;
  /** Digests that another database of this relay holds. */
  retire(digests: readonly Uint8Array[]): Promise<void>;
};
