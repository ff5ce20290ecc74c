import { afterAll, beforeAll, expect, test } from 'vitest';
import { createMemoryDisk, openMemoryVault } from '../../client/adapters/memory-vault.ts';
import { adoptAccount } from '../../client/messenger/adopt-account.ts';
import { acquaint, createPerson, PASSPHRASE, type Person, peopleAt, unlock } from '../support/engine-person.ts';
import { type RunningRelay, startRelay } from '../support/relay.ts';

let relay: RunningRelay;
let anna: Person;
let bert: Person;
let laptop: Person;

beforeAll(async () => {
  relay = await startRelay();
  [anna, bert] = (await peopleAt(relay, ['anna', 'bert'])) as [Person, Person];
  await acquaint(anna, bert);
  await anna.say(bert.me().accountId, 'from the phone, alone');
  const disk = createMemoryDisk();
  await adoptAccount(anna.engine(), openMemoryVault(disk), PASSPHRASE);
  laptop = createPerson({ origin: relay.origin, storage: openMemoryVault(disk) });
  await unlock(laptop);
  await laptop.until('online', laptop.isOnline);
});

afterAll(async () => {
  for (const person of [anna, bert, laptop]) await person?.close();
  await relay?.stop();
});

test('E17: two devices of one account: both receive, and each sees what the other sent', async () => {
  const [a, b] = [anna.me().accountId, bert.me().accountId];
  await bert.until('the first', () => bert.texts(a).length === 1);
  await bert.say(a, 'to both');
  await anna.until('the text', () => anna.texts(b).includes('to both'));
  await laptop.until('the text', () => laptop.texts(b).includes('to both'));
  await anna.say(b, 'from the phone');
  await laptop.until('the copy', () =>
    laptop.rows(b).some((row) => row.mine && row.body.kind === 'text' && row.body.text === 'from the phone'),
  );
  await laptop.messenger.acceptContact(b);
  await laptop.say(b, 'from the laptop');
  await anna.until('the copy', () =>
    anna.rows(b).some((row) => row.mine && row.body.kind === 'text' && row.body.text === 'from the laptop'),
  );
  await bert.until('both', () => bert.texts(a).includes('from the phone') && bert.texts(a).includes('from the laptop'));
  expect(new Set(bert.texts(a)).size).toBe(bert.texts(a).length);
  expect(bert.rows(a).some((row) => row.body.kind === 'system' && row.body.event.event === 'device-added')).toBe(true);
});

test('E17: a group made by an account with two devices reaches all of them', async () => {
  const group = await anna.messenger.createGroup('Three devices', [bert.me().accountId]);
  await laptop.until('the group', () => laptop.conversation(group)?.canSend);
  await bert.until('the group', () => bert.conversation(group)?.canSend);
  await laptop.say(group, 'laptop here');
  for (const person of [anna, bert]) await person.until('the text', () => person.texts(group).includes('laptop here'));
  expect(anna.rows(group).find((row) => row.body.kind === 'text')?.mine).toBe(true);
  await bert.say(group, 'bert here');
  for (const person of [anna, laptop]) await person.until('the text', () => person.texts(group).includes('bert here'));
});

test('E17: note to self goes to the own other device', async () => {
  const a = anna.me().accountId;
  await anna.messenger.openDirect(a);
  await anna.say(a, 'milk');
  await laptop.until('the note', () => laptop.texts(a).includes('milk'));
  await anna.until('sent', () => anna.rows(a)[0]?.status === 'sent');
});
