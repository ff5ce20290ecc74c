/**
 * What the page (or a command line, a bot, a test) may ask of the engine, and what it hears. The page imports these types and nothing else
 * of this room. No key, session or sealed byte is in here: ids, decrypted text for the screen, and states.
 */

/** 43 base64url characters: the hash of the account's genesis record. */
export type AccountId = string;
/** An account id for a one-to-one conversation (one's own: note to self), a group's id for a group; both 43 base64url characters. */
export type ConversationId = string;
/** 22 base64url characters, made by the sending engine; the row's key for ever. */
export type MessageId = string;

/** The one closed set of ways an act can fail, each with one sentence in `ui/copy`. */
const FAILURE_CODES = [
  'offline', // the relay cannot be reached
  'shut-out', // the relay refuses this device's login
  'wrong-passphrase',
  'passphrase-too-short',
  'bad-invite', // unknown, used up or expired
  'username-taken',
  'bad-username',
  'no-such-account',
  'bad-link', // not a contact link, or one of another relay
  'contact-changed', // the account behind a link or name is not the one expected: refused
  'identity-changed', // sending waits for a decision about a changed identity
  'not-allowed', // the group's rules say no
  'not-a-member',
  'too-large',
  'group-full',
  'rate-limited',
  'mailbox-full',
  'not-delivered', // nobody's device confirmed it while the relay kept it
  'wrong-words', // recovery words that are not this account's
  'owned-elsewhere', // another tab owns the engine
  'locked', // the vault is locked
  'wiped', // the browser cleared this device
  'damaged', // the vault holds bytes that do not open
  'unsupported', // this browser lacks something needed (secure context, WebCrypto, Web Locks)
  'refused', // the relay said no for a reason of its own
  'broken', // a fault of ours: nothing was changed
] as const;
export type FailureCode = (typeof FAILURE_CODES)[number];

export class Failure extends Error {
  override readonly name = 'Failure';
  readonly code: FailureCode;
  readonly retryAfterMs: number;
  constructor(code: FailureCode, retryAfterMs = 0) {
    super(code);
    this.code = code;
    this.retryAfterMs = retryAfterMs;
  }
}

export type Phase =
  | { phase: 'starting' }
  | { phase: 'no-account' }
  /** The browser cleared this device: a marker outside the vault says there was one. */
  | { phase: 'wiped' }
  /** No name: what is not sealed says nothing about who uses this browser, and what is sealed cannot be read yet. */
  | { phase: 'locked' }
  /** Another tab owns the engine; `takeOver()` moves it here. */
  | { phase: 'owned-elsewhere' }
  | { phase: 'open'; me: Me };

export type Me = {
  accountId: AccountId;
  username: string;
  deviceId: number;
  role: 'admin' | 'member';
  mayInvite: boolean;
  /** False until the words were typed in once. */
  recoveryKeyConfirmed: boolean;
  settings: Settings;
};

export type Settings = { readReceipts: boolean; typing: boolean };

export type Connection =
  | { state: 'online' }
  | { state: 'connecting' | 'offline'; since: number }
  /** The relay answers and refuses this device's login. It is tried again, less and less often. */
  | { state: 'shut-out'; since: number };

export type Contact = {
  accountId: AccountId;
  username: string;
  /** request: a stranger wrote; nothing is sent back until accepted. */
  standing: 'request' | 'accepted' | 'blocked';
  /** How the account was met: `link` is checked against the id in the link, `username` is the relay's word, trusted once and shown so. */
  metBy: 'link' | 'username' | 'group' | 'stranger';
  verified: boolean;
  /** Set while an identity change waits for a decision; sending to a verified contact is blocked until then. */
  identityChange: 'none' | 'renewed' | 'unexplained';
};

export type MessageStatus = 'pending' | 'sent' | 'delivered' | 'read' | 'failed';

export type SystemEvent =
  | { event: 'group-created'; by: AccountId; name: string }
  | { event: 'member-added'; by: AccountId; who: AccountId[] }
  | { event: 'member-removed'; by: AccountId; who: AccountId }
  | { event: 'member-left'; who: AccountId }
  | { event: 'role-changed'; by: AccountId; who: AccountId; role: Role }
  | { event: 'group-renamed'; by: AccountId; name: string }
  | { event: 'identity-renewed'; who: AccountId }
  | { event: 'identity-changed'; who: AccountId }
  | { event: 'verified'; who: AccountId }
  | { event: 'device-added'; who: AccountId }
  /** Authentic messages of this many numbers never arrived (a gap in the sender's counter). */
  | { event: 'gap'; from: AccountId; count: number }
  /** The log was blocked, so an admin made the group anew; `who` is no longer in it. */
  | { event: 'group-moved'; by: AccountId; who: AccountId[] }
  /** Somebody speaks of changes to the group that the relay does not show. */
  | { event: 'group-behind'; who: AccountId }
  /** The relay showed a fork or a roll-back of something signed: what it is, in the words of `ui/copy`. */
  | { event: 'relay-misbehaved'; what: 'group-log' | 'device-list' | 'first-contact' };

export type Message = {
  id: MessageId;
  conversationId: ConversationId;
  /** Order in this device's conversation, ascending, never changes. */
  position: number;
  from: AccountId;
  mine: boolean;
  sentAt: number;
  receivedAt: number;
  body:
    | { kind: 'text'; text: string }
    | { kind: 'system'; event: SystemEvent }
    /** Content of a kind this build does not know: kept, shown as "update to read". */
    | { kind: 'unknown' }
    /** Could not be decrypted yet. */
    | { kind: 'waiting' };
  /** Own messages; others' are `delivered`. */
  status: MessageStatus;
  /** Own messages in groups up to 64 members: who has it, who has read it. */
  receipts?: { delivered: AccountId[]; read: AccountId[] };
  failure?: FailureCode;
};

export type Role = 'admin' | 'moderator' | 'member';
export type Member = { accountId: AccountId; username: string; role: Role; verified: boolean };

export type Conversation = {
  id: ConversationId;
  kind: 'direct' | 'group' | 'self';
  /** A username, a group's name, or the own username for note to self. */
  title: string;
  /** direct: the other side. */
  contact?: Contact;
  /** group */
  members?: Member[];
  myRole?: Role;
  /** false: left, removed, blocked, or an identity change waits. `whyNot` says which. */
  canSend: boolean;
  whyNot?: 'left' | 'removed' | 'blocked' | 'identity-change' | 'request';
  last?: { text: string; from: AccountId; mine: boolean; at: number; status: MessageStatus; system?: SystemEvent };
  unread: number;
  /** The first unread message, for the divider. */
  firstUnread?: MessageId;
  /** For sorting: time of the last message, or of creation. */
  activeAt: number;
  draft: string;
  typing: AccountId[];
};

export type MessagePage = { messages: Message[] /** More before the first of these. */; more: boolean };

export type SafetyNumber = {
  /** 60 digits, to be shown as 12 groups of 5. */
  digits: string;
  /** Bytes for the QR code. */
  scannable: Uint8Array<ArrayBuffer>;
  verified: boolean;
};

export type Invite = { id: string; usesLeft: number; expiresAt: number };

/** Everything the engine tells without being asked. Objects are whole and replace what was known. */
export type MessengerEvent =
  | { type: 'phase'; phase: Phase }
  | { type: 'connection'; connection: Connection }
  | { type: 'conversation'; conversation: Conversation }
  | { type: 'conversation-gone'; id: ConversationId }
  | { type: 'messages'; conversationId: ConversationId; messages: Message[] }
  | { type: 'messages-gone'; conversationId: ConversationId; ids: MessageId[] }
  /** Progress of long work (key derivation, opening the vault, first send to a large group): 0 … 1. */
  | { type: 'progress'; of: 'opening' | 'signing-up'; done: number };

export type Messenger = {
  /** Events from now on; the first ones repeat the present phase, connection and every conversation. Returns the way to stop. */
  subscribe(listener: (event: MessengerEvent) => void): () => void;

  // The door
  checkInvite(invite: string): Promise<boolean>;
  checkUsername(invite: string, username: string): Promise<boolean>;
  /** Makes the account and opens it. The words are the recovery key: shown now, kept only until confirmed. `contact` is the inviter's link, if the invite link carried one. */
  signUp(input: { invite: string; username: string; passphrase: string; contact?: string }): Promise<{ recoveryWords: string[] }>;
  /** The words again, as long as they were not confirmed; null afterwards. */
  recoveryWords(): Promise<string[] | null>;
  /** True when the words are this account's; they are then forgotten by this device. */
  confirmRecoveryWords(words: string): Promise<boolean>;
  unlock(passphrase: string): Promise<void>;
  lock(): Promise<void>;
  takeOver(): Promise<void>;
  /** After `wiped`: forgets the marker, so that someone may sign up anew. */
  startOver(): Promise<void>;

  // People
  /** Exact username; null when there is none. Opens nothing. */
  findByUsername(username: string): Promise<{ accountId: AccountId; username: string } | null>;
  /** `https://relay/#/c/<account id>/<username>`: pure parse plus the check that the relay's answer hashes to the id. */
  openContactLink(link: string): Promise<ConversationId>;
  openDirect(accountId: AccountId): Promise<ConversationId>;
  contactLink(): Promise<string>;
  acceptContact(accountId: AccountId): Promise<void>;
  blockContact(accountId: AccountId, blocked: boolean): Promise<void>;
  safetyNumber(accountId: AccountId): Promise<SafetyNumber>;
  /** Compares scanned QR bytes; marks verified on a match. */
  compareSafetyNumber(accountId: AccountId, scanned: Uint8Array): Promise<'match' | 'mismatch'>;
  setVerified(accountId: AccountId, verified: boolean): Promise<void>;
  /** The decision about a changed identity: go on with it (no longer verified unless compared again). */
  acceptIdentityChange(accountId: AccountId): Promise<void>;

  // Messages
  page(conversationId: ConversationId, before?: number /* position */, limit?: number): Promise<MessagePage>;
  /** Resolves when stored; status follows by events. The id is made by the page so that the bubble stands at once. */
  sendText(conversationId: ConversationId, text: string, id: MessageId): Promise<void>;
  retry(conversationId: ConversationId, id: MessageId): Promise<void>;
  /** For this account's devices only. */
  deleteForMe(conversationId: ConversationId, ids: MessageId[]): Promise<void>;
  markRead(conversationId: ConversationId, upTo: number /* position */): Promise<void>;
  setDraft(conversationId: ConversationId, draft: string): Promise<void>;
  setTyping(conversationId: ConversationId, typing: boolean): Promise<void>;
  deleteConversation(conversationId: ConversationId): Promise<void>;

  // Groups
  createGroup(name: string, members: AccountId[]): Promise<ConversationId>;
  addMembers(group: ConversationId, members: AccountId[]): Promise<void>;
  removeMember(group: ConversationId, member: AccountId): Promise<void>;
  leaveGroup(group: ConversationId): Promise<void>;
  renameGroup(group: ConversationId, name: string): Promise<void>;
  setRole(group: ConversationId, member: AccountId, role: Role): Promise<void>;

  // This device
  setSettings(settings: Settings): Promise<void>;
  createInvite(): Promise<{ link: string; expiresAt: number }>;
  invites(): Promise<Invite[]>;
  revokeInvite(id: string): Promise<void>;
  /** Ends cleanly: closes socket and vault. */
  close(): Promise<void>;
};
