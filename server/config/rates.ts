/** A bucket that holds `burst` and fills at `perSecond`. */
export type Rate = { burst: number; perSecond: number };

/**
 * Buckets live in memory and are never written. Those by address are wide, as a household, an office or a proxy shares one; what
 * protects an account stands in those by account, device and target.
 */
export const RATES = {
  /** Every request and every new socket. */
  addressRequest: { burst: 600, perSecond: 60 },
  /** Guesses at invites, and accounts made. */
  addressRegistration: { burst: 40, perSecond: 0.2 },
  /** Challenges and logins. */
  addressLogin: { burst: 120, perSecond: 4 },
  /** New group logs: the only thing a stranger can leave on the disk. */
  addressGroupCreate: { burst: 30, perSecond: 0.02 },
  addressGroup: { burst: 600, perSecond: 20 },
  /** Appends to one log, whoever sends them. */
  groupAppend: { burst: 120, perSecond: 1 },
  groupRead: { burst: 600, perSecond: 30 },
  accountRequest: { burst: 600, perSecond: 20 },
  /** Look-ups by username: enough for a person, slow for a dictionary. */
  accountFind: { burst: 40, perSecond: 0.1 },
  /** Bundles claimed by one account: a group of a thousand may be formed at once. */
  accountClaim: { burst: 1_100, perSecond: 0.5 },
  /** Bundles one account claims of one other: sessions are made once, so a few suffice. */
  pairClaim: { burst: 60, perSecond: 0.02 },
  /** One-time prekeys handed out of one account; beyond it bundles come without, and the supply is not drained. */
  targetClaim: { burst: 120, perSecond: 0.1 },
  accountInvite: { burst: 60, perSecond: 0.02 },
  /** Frames that carry an envelope; a fan-out costs one more for every 32 recipients. */
  deviceSubmit: { burst: 600, perSecond: 60 },
  deviceSignal: { burst: 40, perSecond: 4 },
  /** Acknowledgements, pings. */
  deviceFrame: { burst: 2_000, perSecond: 500 },
} as const satisfies Record<string, Rate>;

export type RateName = keyof typeof RATES;
