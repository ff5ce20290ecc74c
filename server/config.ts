/** Every setting, with its default and unit. The first four are in the README; the rest rarely need a hand. */
import { join } from 'node:path';
import type { MailboxQuota } from './store/sqlite-mailbox.ts';

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

export type Config = {
  host: string;
  /** 0 takes any free port; the default origin then follows it. */
  port: number;
  dataDir: string;
  /** What people's browsers call this relay; undefined: http://localhost:PORT. */
  origin: string | undefined;
  clientDir: string;
  invitesBy: 'members' | 'admins';
  /** Multiplies every rate: a load test raises it. */
  rateFactor: number;
  /** How many proxies stand before the relay and may be believed when they name a client's address. */
  trustedProxies: number;
  quota: MailboxQuota;
  maxSockets: number;
  maxSocketsPerAddress: number;
  logLevel: 'silent' | 'error' | 'warn' | 'info';
};

/** Its message is one sentence for the person who started the relay. */
export class ConfigMistake extends Error {}

const DEFAULT_PORT = 8_787;
const DEFAULT_QUOTA: MailboxQuota = { maxEnvelopes: 10_000, maxBytes: 64 * 1_048_576 };
const CLIENT_DIR = join(import.meta.dirname, '..', 'dist', 'client');

function numberFrom(env: NodeJS.ProcessEnv, name: string, fallback: number, min: number, max: number, whole: boolean): number {
  const text = env[name];
  if (text === undefined || text === '') return fallback;
  const value = Number(text);
  const good = text.trim() === text && Number.isFinite(value) && value >= min && value <= max && (!whole || Number.isInteger(value));
  if (!good)
    throw new ConfigMistake(`${name} must be ${whole ? 'a whole number' : 'a number'} from ${min} to ${max}, and it is "${text}".`);
  return value;
}

function oneOf<Choice extends string>(env: NodeJS.ProcessEnv, name: string, choices: readonly Choice[], fallback: Choice): Choice {
  const text = env[name];
  if (text === undefined || text === '') return fallback;
  const choice = choices.find((one) => one === text);
  if (choice === undefined) throw new ConfigMistake(`${name} must be one of ${choices.join(', ')}, and it is "${text}".`);
  return choice;
}

function originFrom(env: NodeJS.ProcessEnv): string | undefined {
  const text = env['SOTTOVOCE_ORIGIN'];
  if (text === undefined || text === '') return undefined;
  const url = URL.canParse(text) ? new URL(text) : undefined;
  // What browsers report as location.origin, letter for letter: logins sign it.
  if (!url || !/^https?:$/.test(url.protocol) || url.origin !== text) {
    throw new ConfigMistake(`SOTTOVOCE_ORIGIN must look like https://chat.example.org with nothing after the name, and it is "${text}".`);
  }
  return text;
}

function hostFrom(env: NodeJS.ProcessEnv): string {
  // This machine alone by default: browsers refuse the client's cryptography over plain http from anywhere else, so a relay for others
  // stands behind a proxy that speaks https, and the proxy connects from here.
  const host = env['SOTTOVOCE_HOST'] || '127.0.0.1';
  if (!/^[A-Za-z0-9.:_-]{1,253}$/.test(host))
    throw new ConfigMistake(`SOTTOVOCE_HOST must be a host name or an address, and it is "${host}".`);
  return host;
}

export function readConfig(env: NodeJS.ProcessEnv): Config {
  return {
    host: hostFrom(env),
    port: numberFrom(env, 'SOTTOVOCE_PORT', DEFAULT_PORT, 0, 65_535, true),
    dataDir: env['SOTTOVOCE_DATA'] || './data',
    origin: originFrom(env),
    clientDir: CLIENT_DIR,
    invitesBy: oneOf(env, 'SOTTOVOCE_INVITES_BY', ['members', 'admins'], 'members'),
    rateFactor: numberFrom(env, 'SOTTOVOCE_RATE_FACTOR', 1, 0.01, 1_000_000, false),
    trustedProxies: numberFrom(env, 'SOTTOVOCE_TRUSTED_PROXIES', 0, 0, 10, true),
    quota: DEFAULT_QUOTA,
    maxSockets: 10_000,
    maxSocketsPerAddress: 500,
    logLevel: oneOf(env, 'SOTTOVOCE_LOG', ['silent', 'error', 'warn', 'info'], 'warn'),
  };
}
