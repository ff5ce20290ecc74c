// Whole flows, honest and under attack, with everything watched that could carry a secret out of an engine: the console, both output
// streams, what is thrown, and every event that goes to the page.
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { createMemoryDisk, openMemoryVault } from '../../client/adapters/memory-vault.ts';
import { systemRandom } from '../../client/adapters/system-random.ts';
import { type Bytes, fromBase64url, parseRecoveryKey, utf8 } from '../../crypto/index.ts';
import { decodeRecord } from '../../crypto/session/record.ts';
import { acquaint, createPerson, PASSPHRASE, type Person, peopleAt, settled } from '../support/engine-person.ts';
import { createLyingRelay, type LyingRelay } from '../support/lying-relay.ts';
import { type RunningRelay, startRelay } from '../support/relay.ts';
import { everythingSaid, shownIn } from '../support/secret-trace.ts';
import { reader } from '../../crypto/wire/reader.ts';

let relay: RunningRelay;
let anna: Person;
let bert: Person;
let berts: LyingRelay;
let printed: unknown[][];
const disk = createMemoryDisk();

beforeEach(async () => {
  printed = [];
  for (const method of ['log', 'info', 'warn', 'error', 'debug', 'trace', 'dir'] as const) {
    vi.spyOn(console, method).mockImplementation((...values: unknown[]) => {
      printed.push(values);
    });
  }
  for (const stream of [process.stdout, process.stderr]) {
    vi.spyOn(stream, 'write').mockImplementation((chunk) => {
      printed.push([chunk]);
      return true;
    });
  }
  relay = await startRelay();
  berts = createLyingRelay(relay.origin);
  [anna, bert] = (await peopleAt(relay, ['anna', 'bert'], (name) =>
    name === 'bert' ? { relay: berts } : { storage: openMemoryVault(disk) },
  )) as [Person, Person];
});

afterEach(async () => {
  vi.restoreAllMocks();
  for (const person of [anna, bert]) await person.close();
  await relay.stop();
});

/** The records inside a session value: what is secret in them lies between public keys and counters. */
function recordsOf(session: Bytes): Bytes[] {
  const from = reader(session, session.length);
  from.bytes(37);
  return Array.from({ length: from.u8() }, () => from.sized(session.length));
}

/** Everything secret that this engine's vault holds, by name. */
function secretsOf(person: Person): Record<string, Uint8Array> {
  const { read } = person.engine().core;
  const account = read.get('account', 'self');
  const found: Record<string, Uint8Array> = {};
  const add = (name: string, secret: Uint8Array | undefined): void => {
    if (secret) found[name] = secret;
  };
  add('identity key', account?.identity.privateKey);
  add('login seed', account?.loginSeed);
  if (account?.recovery) {
    add('recovery entropy', parseRecoveryKey(account.recovery.join(' ')));
    add('recovery words', utf8(account.recovery.join(' ')));
  }
  for (const table of ['signedPrekeys', 'sealingKeys', 'oneTimePrekeys'] as const) {
    for (const [key, { privateKey }] of read.all(table)) add(`${table} ${key}`, privateKey);
  }
  for (const [key, { session }] of read.all('peers')) {
    for (const [i, bytes] of (session ? recordsOf(session) : []).entries()) {
      const { rootKey, ratchetPair, chains } = decodeRecord(bytes);
      add(`${key} ${i} root key`, rootKey);
      add(`${key} ${i} ratchet key`, ratchetPair.privateKey);
      for (const [at, { chainKey }] of chains.entries()) add(`${key} ${i} chain ${at}`, chainKey ?? undefined);
    }
  }
  for (const [key, { epochs }] of read.all('groups')) for (const { epoch, secret } of epochs) add(`group ${key} ${epoch}`, secret);
  for (const [key, { senderKey }] of read.all('groupSending')) add(`sender key ${key}`, senderKey.subarray(25, 89));
  return found;
}

async function attempt(act: () => Promise<unknown>): Promise<unknown> {
  try {
    await act();
    return null;
  } catch (error) {
    return error;
  }
}

test('no engine prints anything, throws a secret, or tells one to the page', async () => {
  const [a, b] = [anna.me().accountId, bert.me().accountId];
  await acquaint(anna, bert);
  await anna.say(b, 'hello');
  await bert.until('hello', () => bert.texts(a).includes('hello'));
  await bert.say(a, 'hello back');
  await anna.until('hello back', () => anna.texts(b).includes('hello back'));
  const group = await anna.messenger.createGroup('Two', [b]);
  await bert.until('the group', () => bert.conversation(group)?.canSend);
  await bert.say(group, 'in the group');
  await anna.until('in the group', () => anna.texts(group).includes('in the group'));

  // Envelopes of every kind that do not open, and frames that make no sense, as a relay could send them.
  for (const kind of [0, 1, 2, 9]) {
    for (const size of [2_048, 65_536]) {
      const body = systemRandom(size);
      body.set([1, kind]);
      berts.inject({ type: 'signal', body });
    }
  }
  const failures = [
    await attempt(() => anna.messenger.openContactLink(`${relay.origin}/#/c/${'A'.repeat(43)}/nobody`)),
    await attempt(() => anna.messenger.openContactLink('not a link')),
    await attempt(() => anna.messenger.findByUsername('Nobody!')),
    await attempt(() => anna.say('A'.repeat(43), 'to nobody')),
    await attempt(() => anna.messenger.compareSafetyNumber(b, fromBase64url('AAAA'))),
    await attempt(() => anna.messenger.removeMember(group, a)),
  ];
  await bert.say(a, 'still here');
  await anna.until('still here', () => anna.texts(b).includes('still here'));

  const secrets = {
    ...secretsOf(anna),
    ...Object.fromEntries(Object.entries(secretsOf(bert)).map(([name, secret]) => [`bert ${name}`, secret])),
  };
  // Identity, login, recovery, signed prekeys, sealing keys, one-time prekeys, sessions, epochs, sender keys: of both.
  expect(Object.keys(secrets).length).toBeGreaterThan(200);

  await anna.messenger.lock();
  failures.push(await attempt(() => anna.messenger.unlock(`${PASSPHRASE}!`)), await attempt(() => anna.say(b, 'locked')));
  await anna.close();
  for (const [key, stored] of disk.tables.records) {
    const changed = stored.slice();
    changed[changed.length - 1] = (changed.at(-1) as number) ^ 1;
    disk.tables.records.set(key, changed);
  }
  const damaged = createPerson({ origin: relay.origin, storage: openMemoryVault(disk) });
  await settled(damaged);
  failures.push(await attempt(() => damaged.messenger.unlock(PASSPHRASE)));
  await damaged.close();

  const thrown = failures.filter((failure) => failure !== null);
  expect(thrown.length).toBeGreaterThanOrEqual(6);
  for (const failure of thrown) expect((failure as Error).name).toBe('Failure');
  const said = [...thrown.map(everythingSaid), everythingSaid([anna.events, bert.events, damaged.events])].join('\n');
  expect(shownIn(said, secrets)).toEqual([]);
  expect(said).not.toContain(PASSPHRASE);
  expect(printed).toEqual([]);
});
