/**
 * What the engine remembers: one type a table of the vault. Values are plain data and never changed in place: a step puts a new one.
 * Small records that change with every message stand apart from large ones that rarely do.
 */
import type { Bytes, DeviceList, KeyPair } from '../../crypto/index.ts';
import type { AccountId, Contact, ConversationId, Message, MessageId, MessageStatus, Settings, SystemEvent } from './api.ts';

export type Account = {
  accountId: AccountId;
  username: string;
  deviceId: number;
  registrationId: number;
  genesis: Bytes;
  rotations: Bytes[];
  identity: KeyPair;
  accountKey: Bytes;
  loginSeed: Bytes;
  /** The recovery key's words, until they were typed in once. */
  recovery: string[] | null;
  /** Until the relay has confirmed the account: the same request again after a crash gives the same account. */
  invite: string | null;
  /** The inviter's contact link, until opened. */
  contactLink: string | null;
  deviceList: DeviceList;
  deviceListEntries: Bytes[];
  certificate: string;
  certificateAt: number;
  /** The relay's certificate key as it was at sign-up: whoever it names later must be named under the same. */
  certificateKey: string;
  role: 'admin' | 'member';
  invitesBy: 'members' | 'admins';
  settings: Settings;
};

/** Which of this device's published keys are current, and the numbers of the next. */
export type Publication = {
  signedPrekeyId: number;
  sealingKeyId: number;
  sequence: number;
  createdAt: number;
  /** The signed device record: the same bytes however often they are published. */
  record: Bytes;
  /** False until the relay has taken the record. */
  published: boolean;
  nextOneTimeId: number;
  /** One-time prekeys made and not yet known to be at the relay. */
  offered: number[];
};

export type OwnSignedPrekey = KeyPair & { signature: Bytes; supersededAt: number | null };
export type OwnSealingKey = KeyPair & { supersededAt: number | null };
export type OwnOneTimePrekey = KeyPair;

/** A first message that was accepted, by identity key and base key: remembered as long as its signed prekey's private half is kept (L14). */
export type KnownFirst = { signedPrekeyId: number };

export type ContactRecord = {
  accountId: AccountId;
  username: string;
  genesis: Bytes;
  rotations: Bytes[];
  identityKeys: Bytes[];
  deviceList: DeviceList;
  fetchedAt: number;
  /** `known`: only seen in a group. */
  standing: Contact['standing'] | 'known';
  /** What they were before they were blocked, unless accepted. */
  standingBefore?: 'request' | 'known';
  metBy: Contact['metBy'];
  verified: boolean;
  identityChange: Contact['identityChange'];
  /** What was already raised as an alarm, so that a lie repeated is one event. Bounded. */
  alarms: string[];
};

/** A peer device's public record, as last fetched. */
export type DeviceCopy = { record: Bytes; fetchedAt: number };

export type Received = { highest: number /** numbers below it that never came, oldest first, bounded */; missing: number[] };

/** The pairwise state with one device. */
export type Peer = {
  session: Bytes | null;
  /** Begin a new session before writing again; the present one still reads what is under way. */
  renew: boolean;
  sent: number;
  received: Received;
  /** When a resend was last asked of it, and granted to it. */
  askedAt: number;
  grantedAt: number;
  /** A message of it did not open, and a resend was not asked for yet. */
  wanted?: true;
};

export type GroupRecord = {
  state: Bytes;
  /** `moved`: it goes on in `movedTo`; what comes late is still read, and nothing is written here. */
  standing: 'member' | 'left' | 'removed' | 'moved';
  movedTo?: string;
  /** The group that this one goes on from, and its admin's signed word for it: whose conversation it shares. */
  follows?: Moved;
  /** Newest last, bounded. */
  epochs: { epoch: number; secret: Bytes }[];
  /** Epoch secrets that came before the log entry that opens them, and who sent each; nobody is oneself. */
  pending: { epoch: number; secret: Bytes; by?: AccountId }[];
  /** Log slots made here and not yet seen in the log (SHA-256): when they are, this device tells the others. Bounded. */
  acting: string[];
  /** The highest epoch announced pairwise: what a former member sent after it is stale (D5). */
  noticedEpoch: number;
  /** Who added me, while he is no accepted contact. */
  requestFrom: AccountId | null;
  /** The latest head each member named that is not in the log as read here; nothing is encrypted before it is, or he is no member. */
  heard: HeardHead[];
};

export type Moved = { groupId: string; entry: Bytes };

export type HeardHead = { by: AccountId; version: number; hash: Bytes /** looked for in vain */; alarmed: boolean };

/** An invitation into a group, until its log was read and found to end where the welcome says. */
export type Welcome = {
  from: AccountId;
  logVersion: number;
  logHead: Bytes;
  epoch: number;
  secret: Bytes;
  alarmed: boolean;
  at: number;
  /** It claims to go on from that group. */
  moved?: Moved;
};

/** A sender key that came before the group it is for. */
export type EarlyKey = { from: AccountId; deviceId: number; body: Bytes; at: number };

export type GroupSending = { epoch: number; generation: number; senderKey: Bytes; createdAt: number; count: number; sent: number };
/** Devices that were given this sender key. */
export type GroupHolders = { epoch: number; generation: number; devices: string[] };
/** What came from one device in one group: sender key states by distribution id, newest last. */
export type GroupSender = { states: { distribution: string; states: Bytes }[]; received: Received };

export type ConversationRecord = {
  id: ConversationId;
  kind: 'direct' | 'group' | 'self';
  createdAt: number;
  activeAt: number;
  draft: string;
  nextPosition: number;
  /** Rows below it are settled: delivered, or not in time. */
  settledBelow?: number;
  /** Everything up to this position was read. */
  readUpTo: number;
  unread: number;
  firstUnread: MessageId | null;
  last: {
    id: MessageId;
    text: string;
    from: AccountId;
    mine: boolean;
    at: number;
    status: MessageStatus;
    system: SystemEvent | null;
  } | null;
};

export type DeviceState = { envelopeId: Bytes; counter: number /** null once accepted */; envelope: Bytes | null };

export type OutboxItem = {
  order: number;
  /** All current devices of an account (or only those), or a group. */
  to: { accountId: AccountId; only: number[] | null } | { groupId: string };
  messageId: MessageId;
  sentAt: number;
  body: Bytes;
  /** The row whose status follows this item. */
  row: { conversationId: ConversationId; id: MessageId } | null;
  devices: Record<number, DeviceState>;
  group: {
    epoch: number;
    envelopeId: Bytes;
    envelope: Bytes;
    recipients: { accountId: AccountId; deviceId: number }[];
    after: number[];
    /** Only those are left whose mailboxes were full; the group does not wait for them. */
    late?: boolean;
  } | null;
  /** Sealed by the record and session at hand: nothing is asked of the relay for it. */
  cached?: true;
  /** A group message's number, kept when it has to be encrypted again. */
  counter: number;
};

/** This account's own token; `madeAt` decides between two devices that made one. */
export type OwnDelivery = { token: Bytes; madeAt: number };

export type PendingReceipts = { delivered: MessageId[]; read: MessageId[] };

/** A group envelope that cannot be opened yet: its epoch or sender key is still under way. `group`: whose epoch it was sealed under, if known. */
export type HeldEnvelope = { envelopeId: Bytes; body: Bytes; storedAt: number; heldAt: number; group: ConversationId | null };

/** A row of a conversation with what only the engine needs. */
export type StoredMessage = Message;

/** The row that shows a gap in a device's numbers, so that it can shrink when late messages come. */
export type Gap = { conversationId: ConversationId; position: number };

export type Tables = {
  account: Account;
  publication: Publication;
  /** The highest sequence acknowledged. */
  cursor: { sequence: number };
  signedPrekeys: OwnSignedPrekey;
  sealingKeys: OwnSealingKey;
  oneTimePrekeys: OwnOneTimePrekey;
  firsts: KnownFirst;
  contacts: ContactRecord;
  devices: DeviceCopy;
  peers: Peer;
  groups: GroupRecord;
  welcomes: Welcome;
  earlyKeys: EarlyKey;
  groupSending: GroupSending;
  groupHolders: GroupHolders;
  groupSenders: GroupSender;
  conversations: ConversationRecord;
  outbox: OutboxItem;
  receipts: PendingReceipts;
  held: HeldEnvelope;
  delivery: OwnDelivery;
  /** What contacts gave us. */
  deliveryTokens: { token: Bytes };
  seen: { ids: string[] };
  gaps: Gap;
};

export type TableName = keyof Tables;

export function deviceKey(accountId: AccountId, deviceId: number): string {
  return `${accountId}.${deviceId}`;
}
