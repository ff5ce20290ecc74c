import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, expect, test } from 'vitest';
import { createMemoryDisk, type MemoryDisk, openMemoryVault } from '../../client/adapters/memory-vault.ts';
import { openSqliteVault } from '../../client/adapters/sqlite-vault.ts';
import { acquaint, createPerson, type Person, peopleAt, settled, signUp, unlock } from '../support/engine-person.ts';
import { createLyingRelay } from '../support/lying-relay.ts';
import { type RunningRelay, startRelay } from '../support/relay.ts';

let relay: RunningRelay | undefined;
let people: Person[] = [];

afterEach(async () => {
  for (const person of people) await person.close();
  await relay?.stop();
  people = [];
});

async function two(options: Parameters<typeof peopleAt>[2] = () => ({})): Promise<[Person, Person]> {
  relay = await startRelay();
  people = await peopleAt(relay, ['anna', 'bert'], options);
  const [anna, bert] = people as [Person, Person];
  await acquaint(anna, bert);
  return [anna, bert];
}

async function texts(person: Person, conversation: string): Promise<string[]> {
  const { messages } = await person.messenger.page(conversation, undefined, 200);
  return messages.flatMap(({ body }) => (body.kind === 'text' ? [body.text] : []));
}

function copyOf(disk: MemoryDisk): MemoryDisk {
  return structuredClone(disk);
}

test('E18: a vault on disk: after a restart the history is there, a wrong passphrase opens nothing, and talk goes on', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'sottovoce-vault-'));
  const file = join(folder, 'anna.vault');
  const [anna, bert] = await two((name) => (name === 'anna' ? { storage: openSqliteVault(file) } : {}));
  const [a, b] = [anna.me().accountId, bert.me().accountId];
  await anna.say(b, 'before');
  await bert.until('the text', () => bert.texts(a).includes('before'));
  await bert.say(a, 'heard');
  await anna.until('the answer', () => anna.texts(b).includes('heard'));
  await anna.close();
  await bert.say(a, 'while you were away');

  const again = createPerson({ origin: relay?.origin ?? '', storage: openSqliteVault(file) });
  people[0] = again;
  expect(await settled(again)).toEqual({ phase: 'locked' });
  await expect(again.messenger.unlock('wrong horse battery')).rejects.toMatchObject({ code: 'wrong-passphrase' });
  await unlock(again);
  expect(await texts(again, b)).toEqual(['before', 'heard']);
  await again.until('what waited', () => again.texts(b).includes('while you were away'));
  await again.say(b, 'after');
  await bert.until('the text', () => bert.texts(a).includes('after'));
  await again.messenger.lock();
  expect(again.phase()).toEqual({ phase: 'locked' });
  await expect(again.messenger.page(b)).rejects.toMatchObject({ code: 'locked' });
  await again.close();
  rmSync(folder, { recursive: true, force: true });
});

test('E7: the relay killed in the middle of a conversation: nothing lost, nothing twice, in each author’s order', async () => {
  const [anna, bert] = await two();
  const [a, b] = [anna.me().accountId, bert.me().accountId];
  const numbers = Array.from({ length: 12 }, (_, index) => index);
  for (const number of numbers) {
    await anna.say(b, `anna ${number}`);
    await bert.say(a, `bert ${number}`);
    if (number === 5) await relay?.kill('SIGKILL');
    if (number === 8) await relay?.restart();
  }
  const all = (person: Person, id: string): boolean => person.texts(id).length === 2 * numbers.length;
  await anna.until('all', () => all(anna, b));
  await bert.until('all', () => all(bert, a));
  for (const list of [anna.texts(b), bert.texts(a)]) {
    expect(list.filter((text) => text.startsWith('anna'))).toEqual(numbers.map((number) => `anna ${number}`));
    expect(list.filter((text) => text.startsWith('bert'))).toEqual(numbers.map((number) => `bert ${number}`));
  }
  await anna.until('ticks', () => anna.rows(b).every((row) => !row.mine || row.status === 'delivered'));
});

test('E7: written offline: stored at once, sent when the relay is back', async () => {
  const [anna, bert] = await two();
  const [a, b] = [anna.me().accountId, bert.me().accountId];
  await relay?.kill('SIGKILL');
  await anna.until('offline', () => !anna.isOnline());
  await anna.say(b, 'into the void');
  expect(anna.rows(b)[0]?.status).toBe('pending');
  await relay?.restart();
  await bert.until('the text', () => bert.texts(a).includes('into the void'));
  await anna.until('delivered', () => anna.rows(b)[0]?.status === 'delivered');
});

test('E3 vault-rolled-back: an old copy of a vault reuses no key, loses nothing that was undelivered, and talk goes on both ways', async () => {
  const disk = createMemoryDisk();
  const [anna, bert] = await two((name) => (name === 'anna' ? { storage: openMemoryVault(disk) } : {}));
  const [a, b] = [anna.me().accountId, bert.me().accountId];
  await anna.say(b, 'one');
  await bert.until('the text', () => bert.texts(a).includes('one'));
  await bert.say(a, 'two');
  await anna.until('the text', () => anna.texts(b).includes('two'));
  const old = copyOf(disk);
  for (const text of ['three', 'five']) {
    await anna.say(b, text);
    await bert.until('the text', () => bert.texts(a).includes(text));
    await bert.say(a, `after ${text}`);
    await anna.until('the text', () => anna.texts(b).includes(`after ${text}`));
  }
  await anna.close();
  await bert.say(a, 'while away');
  await bert.until('sent', () => bert.rows(a).at(-1)?.status === 'sent');

  const said = createLyingRelay(relay?.origin ?? '');
  const rolled = createPerson({ relay: said, storage: openMemoryVault(old) });
  people[0] = rolled;
  let repairedFirst: boolean | null = null;
  said.lies.sent = (frame) => {
    const { core } = rolled.engine();
    const replaced = (core.read.get('publication', 'self')?.signedPrekeyId ?? 0) > 10_000;
    if (frame.type === 'submit') repairedFirst ??= replaced && [...core.read.all('signedPrekeys')].length === 1;
    return undefined;
  };
  await unlock(rolled);
  await rolled.until('what waited', () => rolled.texts(b).includes('while away'));
  await rolled.say(b, 'from the old copy');
  await bert.until('the text', () => bert.texts(a).includes('from the old copy'));
  await bert.say(a, 'I hear you');
  await rolled.until('the answer', () => rolled.texts(b).includes('I hear you'));
  expect(repairedFirst).toBe(true);
  expect(new Set(bert.texts(a)).size).toBe(bert.texts(a).length);
});

test('E2 two-tabs: who takes over has the vault, the other stops and can commit nothing', async () => {
  const disk = createMemoryDisk();
  const [anna, bert] = await two((name) => (name === 'anna' ? { storage: openMemoryVault(disk) } : {}));
  const b = bert.me().accountId;
  const second = createPerson({ origin: relay?.origin ?? '', storage: openMemoryVault(disk) });
  people.push(second);
  await unlock(second);
  await expect(anna.say(b, 'from the first tab')).rejects.toMatchObject({ code: 'owned-elsewhere' });
  await anna.until('owned elsewhere', () => anna.phase().phase === 'owned-elsewhere');
  await second.say(b, 'from the second tab');
  await bert.until('the text', () => bert.texts(anna0(second)).includes('from the second tab'));
  expect(bert.texts(anna0(second))).toEqual(['from the second tab']);
});

const anna0 = (person: Person): string => person.me().accountId;

test('E18: a wiped browser is told from a new one', async () => {
  relay = await startRelay();
  const { createMemoryMarker } = await import('../../client/adapters/memory-marker.ts');
  const wiped = createPerson({ origin: relay.origin, marker: createMemoryMarker(true) });
  people = [wiped];
  expect(await settled(wiped)).toEqual({ phase: 'wiped' });
  await wiped.messenger.startOver();
  expect(wiped.phase()).toEqual({ phase: 'no-account' });
  await signUp(wiped, 'anew', relay.firstInvite ?? '');
  expect(wiped.me().username).toBe('anew');
});

test('E18: sign-up: a bad invite and a taken name say so and leave no account behind', async () => {
  relay = await startRelay();
  const first = createPerson({ origin: relay.origin });
  people = [first];
  await settled(first);
  const attempt = { username: 'anna', passphrase: 'correct horse battery' };
  await expect(first.messenger.signUp({ ...attempt, invite: 'AAAAAAAAAAAAAAAAAAAAAAAAAAA' })).rejects.toMatchObject({ code: 'bad-invite' });
  expect(first.phase()).toEqual({ phase: 'no-account' });
  await expect(first.messenger.signUp({ ...attempt, passphrase: 'short', invite: relay.firstInvite ?? '' })).rejects.toMatchObject({
    code: 'passphrase-too-short',
  });
  const words = await signUp(first, 'anna', relay.firstInvite ?? '');
  expect(words).toHaveLength(12);
  expect(await first.messenger.recoveryWords()).toEqual(words);
  expect(await first.messenger.confirmRecoveryWords([...words].reverse().join(' '))).toBe(false);
  expect(await first.messenger.confirmRecoveryWords(words.join('  ').toUpperCase())).toBe(true);
  expect(await first.messenger.recoveryWords()).toBeNull();
  expect(first.me().recoveryKeyConfirmed).toBe(true);
});
