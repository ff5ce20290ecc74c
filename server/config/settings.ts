/**
 * Every setting there is. The configuration file with its comments, the checks, the help and the table in the docs are made from this
 * list alone. In order: what people set, then what few ever will.
 */
import { isIP } from 'node:net';
import { nearest } from './nearest.ts';
import { ConfigMistake, hostName, oneOf, optional, origin, path, pemPath, positiveNumber, type Setting, wholeNumber } from './setting.ts';

const NAMED_RANGES = ['loopback', 'linklocal', 'uniquelocal'];

function trustedProxies(text: string, name: string): string[] {
  const entries = text === '' || text === 'none' ? [] : text.split(',').map((entry) => entry.trim());
  for (const entry of entries) {
    const [address = '', bits, more] = entry.split('/');
    const family = isIP(address);
    const fitting = bits === undefined || (/^\d{1,3}$/.test(bits) && Number(bits) <= (family === 6 ? 128 : 32));
    if (NAMED_RANGES.includes(entry) || (family !== 0 && fitting && more === undefined)) continue;
    throw new ConfigMistake(`${name} must be addresses or ranges such as 10.0.0.0/8 with commas between them, and one is "${entry}".`);
  }
  return entries;
}

function setting<Value>(
  section: string,
  name: Setting<Value>['name'],
  fallback: string,
  parse: Setting<Value>['parse'],
  about: string,
): Setting<Value> {
  return { section, name, fallback, parse, about };
}

const PLACE = 'Where it is reached';
const DATA = 'What it keeps';
const PEOPLE = 'Who may join';
const LIMITS = 'Limits';
const LOGS = 'What it says';

export const SETTINGS = {
  origin: setting(
    PLACE,
    'SOTTOVOCE_ORIGIN',
    '',
    optional(origin),
    'What people type to reach the relay, such as https://chat.example.org. Browsers demand https for anything but localhost. Left empty it is http://localhost:PORT, or with TLS of its own https:// and the first name in the certificate.',
  ),
  host: setting(
    PLACE,
    'SOTTOVOCE_HOST',
    '127.0.0.1',
    hostName,
    // Browsers refuse the client's cryptography over plain http from anywhere else, and a proxy that speaks https connects from here.
    'The address to listen on. 127.0.0.1 is this machine alone, where a proxy that speaks https connects from; 0.0.0.0 or :: is every network.',
  ),
  port: setting(
    PLACE,
    'SOTTOVOCE_PORT',
    '8787',
    wholeNumber(0, 65_535),
    'The port to listen on. A port in use ends the start with a sentence; 0 takes any that is free.',
  ),
  trustedProxies: setting(
    PLACE,
    'SOTTOVOCE_TRUSTED_PROXIES',
    'loopback',
    trustedProxies,
    "Whose word is taken for the address of a visitor (X-Forwarded-For): addresses and ranges with commas between them, or the names loopback, linklocal, uniquelocal; none takes nobody's. Limits by address rest on it.",
  ),
  tlsCert: setting(
    PLACE,
    'SOTTOVOCE_TLS_CERT',
    '',
    optional(pemPath),
    'The PEM file of a certificate with its chain, for https without a proxy in front. It is read again when it changes. Goes together with SOTTOVOCE_TLS_KEY.',
  ),
  tlsKey: setting(PLACE, 'SOTTOVOCE_TLS_KEY', '', optional(pemPath), 'The PEM file of its private key, without a passphrase.'),
  dataDir: setting(
    DATA,
    'SOTTOVOCE_DATA',
    './data',
    path,
    "The folder of the database and the relay's signing key. Keep it on a local disk; a network file system cannot lock a database.",
  ),
  mailboxEnvelopes: setting(
    DATA,
    'SOTTOVOCE_MAILBOX_ENVELOPES',
    '10000',
    wholeNumber(10, 10_000_000),
    'How many envelopes may wait for one device. Then senders are told that the mailbox is full.',
  ),
  mailboxMib: setting(DATA, 'SOTTOVOCE_MAILBOX_MIB', '64', wholeNumber(1, 1_048_576), 'How much may wait for one device, in MiB.'),
  minFreeMib: setting(
    DATA,
    'SOTTOVOCE_MIN_FREE_MIB',
    '64',
    wholeNumber(0, 1_048_576),
    'How much of the disk stays free, in MiB: with less, new envelopes, accounts and group entries are refused until there is room again, while everything that waits can be fetched.',
  ),
  invitesBy: setting(PEOPLE, 'SOTTOVOCE_INVITES_BY', 'members', oneOf('members', 'admins'), 'Who may invite others: members or admins.'),
  maxSockets: setting(LIMITS, 'SOTTOVOCE_MAX_SOCKETS', '10000', wholeNumber(1, 1_000_000), 'How many devices may be connected at once.'),
  maxSocketsPerAddress: setting(
    LIMITS,
    'SOTTOVOCE_MAX_SOCKETS_PER_ADDRESS',
    '500',
    wholeNumber(1, 1_000_000),
    'How many of them from one address (of IPv6: one /64). An office or a mobile network shares one.',
  ),
  rateFactor: setting(
    LIMITS,
    'SOTTOVOCE_RATE_FACTOR',
    '1',
    positiveNumber(0.01, 1_000_000),
    'Multiplies every rate limit (docs/limits.md). A load test raises it.',
  ),
  logLevel: setting(
    LOGS,
    'SOTTOVOCE_LOG',
    'warn',
    oneOf('silent', 'error', 'warn', 'info'),
    'How much it says on standard error, as one JSON object a line: silent, error, warn or info. Never who writes to whom, a name or an address.',
  ),
  metricsPort: setting(
    LOGS,
    'SOTTOVOCE_METRICS_PORT',
    '',
    optional(wholeNumber(0, 65_535)),
    'A port of its own for Prometheus, at /metrics. Empty or 0 serves none.',
  ),
  metricsHost: setting(
    LOGS,
    'SOTTOVOCE_METRICS_HOST',
    '127.0.0.1',
    hostName,
    'The address that port listens on. Whoever reaches it reads how much the relay does, and of nobody in particular.',
  ),
} as const satisfies Record<string, Setting<unknown>>;

export type SettingKey = keyof typeof SETTINGS;
export const SETTING_KEYS = Object.keys(SETTINGS) as SettingKey[];

const PREFIX = 'SOTTOVOCE_';

/** Which one was probably meant. What all names begin with counts for nothing. */
export function nearestSetting(name: string): string | undefined {
  const near = nearest(
    name.replace(PREFIX, ''),
    SETTING_KEYS.map((key) => SETTINGS[key].name.replace(PREFIX, '')),
  );
  return near && `${PREFIX}${near}`;
}
