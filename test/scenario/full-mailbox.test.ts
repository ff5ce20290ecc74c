import { afterAll, beforeAll, expect, test } from 'vitest';
import { createMemoryDisk, openMemoryVault } from '../../client/adapters/memory-vault.ts';
import { acquaint, createPerson, type Person, peopleAt, unlock } from '../support/engine-person.ts';
import { type RunningRelay, startRelay } from '../support/relay.ts';

// Wide enough for whoever is online and acknowledges a moment later.
const MAILBOX_ENVELOPES = 48;
const SAID = 12;

let relay: RunningRelay;
let anna: Person;
let bert: Person;
let carl: Person;
let group: string;
const carlsDisk = createMemoryDisk();

beforeAll(async () => {
  relay = await startRelay({ env: { SOTTOVOCE_MAILBOX_ENVELOPES: String(MAILBOX_ENVELOPES) } });
  [anna, bert, carl] = (await peopleAt(relay, ['anna', 'bert', 'carl'], (name) => ({
    ...(name === 'carl' && { storage: openMemoryVault(carlsDisk) }),
  }))) as [Person, Person, Person];
  await acquaint(anna, bert);
  await acquaint(anna, carl);
  await acquaint(bert, carl);
  group = await anna.messenger.createGroup('Three', [bert.me().accountId, carl.me().accountId]);
  await anna.say(group, 'welcome');
  for (const person of [bert, carl]) await person.until('the welcome', () => person.texts(group).includes('welcome'));
});

afterAll(async () => {
  for (const person of [anna, bert, carl]) await person?.close();
  await relay?.stop();
});

const statusOf = (person: Person, id: string, text: string) =>
  person.rows(id).find(({ body }) => body.kind === 'text' && body.text === text)?.status;

test('E7: a member whose mailbox is full does not silence a group, and gets everything when he is back (mailbox-flood)', async () => {
  const c = carl.me().accountId;
  await carl.close();
  for (let i = 0; i < MAILBOX_ENVELOPES; i++) await anna.say(c, `alone ${i}`);
  await anna.until('as much as fits', () => statusOf(anna, c, 'alone 0') === 'sent');
  const said = Array.from({ length: SAID }, (_, index) => `to all ${index}`);
  for (const text of said) await anna.say(group, text);
  await bert.until('all of it', () => said.every((text) => bert.texts(group).includes(text)));
  for (const text of said) await anna.until('sent', () => statusOf(anna, group, text) !== 'pending');
  carl = createPerson({ origin: relay.origin, storage: openMemoryVault(carlsDisk) });
  await unlock(carl);
  await carl.until('all of it', () => said.every((text) => carl.texts(group).includes(text)));
  expect(carl.texts(group).filter((text) => text.startsWith('to all'))).toHaveLength(said.length);
  expect(bert.texts(group).filter((text) => text.startsWith('to all'))).toEqual(said);
});
