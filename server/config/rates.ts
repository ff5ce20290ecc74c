/** A bucket that holds `burst` and fills at `perSecond`. */
export type Rate = { burst: number; perSecond: number };

const MIB = 1_048_576;

/**
 * Buckets live in memory and are never written. The first word of a name says whose bucket it is: of an address (IPv6: a /64), an account, a
 * pair of accounts, a target, a device, a group. Those by address are wide, as a household, an office or a proxy shares one; what protects
 * an account stands in those by account, device and target. docs/limits.md says which of them each request and frame meets.
 */
export const RATES = {
  /** New TCP connections. Beyond it they are dropped without a word. */
  addressConnection: { burst: 600, perSecond: 60 },
  /** Every request and every new socket. */
  addressRequest: { burst: 600, perSecond: 60 },
  /** Of these the page's files, which cost compressing. A first visit asks for some twenty. */
  addressPage: { burst: 400, perSecond: 5 },
  /** Guesses at invites, and accounts made. */
  addressRegistration: { burst: 40, perSecond: 0.2 },
  /** Challenges and logins: an office that comes back after a restart of the relay. */
  addressLogin: { burst: 1_200, perSecond: 20 },
  /** Tokens and logins that fail. Good ones never meet it, so that nobody is kept out by a neighbour. */
  addressDenied: { burst: 600, perSecond: 4 },
  /** New group logs: the only thing a stranger can leave on the disk. */
  addressGroupCreate: { burst: 30, perSecond: 0.02 },
  addressGroup: { burst: 600, perSecond: 20 },
  /** Appends to one log, whoever sends them. */
  groupAppend: { burst: 120, perSecond: 1 },
  groupRead: { burst: 600, perSecond: 30 },
  accountRequest: { burst: 600, perSecond: 20 },
  /** Requests that write: records, prekeys, lists, invites. */
  accountChange: { burst: 120, perSecond: 0.5 },
  /** Accounts looked up by id: all of a large group at once; an answer may have a megabyte. */
  accountFetch: { burst: 1_200, perSecond: 1 },
  /** Look-ups by username: enough for a person, slow for a dictionary. */
  accountFind: { burst: 40, perSecond: 0.1 },
  /** Bundles claimed by one account: a group of a thousand may be formed at once. */
  accountClaim: { burst: 1_100, perSecond: 0.5 },
  /** Bundles one account claims of one other: sessions are made once, so a few suffice. */
  pairClaim: { burst: 60, perSecond: 0.02 },
  /** One-time prekeys handed out of one account; beyond it bundles come without, and the supply is not drained. */
  targetClaim: { burst: 120, perSecond: 0.1 },
  accountInvite: { burst: 60, perSecond: 0.02 },
  /** Bytes of the envelopes that all devices of an account send; a signal's count for every recipient, as none are stored. */
  accountBytes: { burst: 32 * MIB, perSecond: 2 * MIB },
  /** What one account leaves with another that gave it no token: one for every 16 KiB begun, so 8 MiB at first and 28 MiB an hour at most. */
  pairStranger: { burst: 500, perSecond: 0.5 },
  /** A device that comes back: its mailbox is looked at. */
  deviceHello: { burst: 60, perSecond: 0.5 },
  /** Frames that carry an envelope; a fan-out costs one more for every 32 recipients. */
  deviceSubmit: { burst: 600, perSecond: 60 },
  /** One for every recipient. */
  deviceSignal: { burst: 1_024, perSecond: 40 },
  /** Signals that one device gets, whoever sends them. */
  targetSignal: { burst: 120, perSecond: 40 },
  /** Acknowledgements, pings of ours and of WebSocket, and what comes beyond the two above. */
  deviceFrame: { burst: 2_000, perSecond: 500 },
} as const satisfies Record<string, Rate>;

export type RateName = keyof typeof RATES;
