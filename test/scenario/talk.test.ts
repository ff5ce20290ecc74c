import { afterAll, beforeAll, expect, test } from 'vitest';
import { acquaint, type Person, peopleAt } from '../support/engine-person.ts';
import { type RunningRelay, startRelay } from '../support/relay.ts';

let relay: RunningRelay;
let anna: Person;
let bert: Person;

beforeAll(async () => {
  relay = await startRelay();
  [anna, bert] = (await peopleAt(relay, ['anna', 'bert'])) as [Person, Person];
});

afterAll(async () => {
  await anna?.close();
  await bert?.close();
  await relay?.stop();
});

test('E12: two accounts talk both ways; sent, delivered and read come back', async () => {
  await acquaint(anna, bert);
  const [a, b] = [anna.me().accountId, bert.me().accountId];
  const id = await anna.say(b, 'Buongiorno');
  await bert.until('the text', () => bert.texts(a).includes('Buongiorno'));
  await anna.until('delivered', () => anna.rows(b).find((row) => row.id === id)?.status === 'delivered');
  await bert.say(a, 'Ciao');
  await anna.until('the answer', () => anna.texts(b).includes('Ciao'));
  expect(bert.conversation(a)?.unread).toBe(1);
  await bert.messenger.markRead(a, bert.rows(a)[0]?.position ?? 0);
  await anna.until('read', () => anna.rows(b).find((row) => row.id === id)?.status === 'read');
  expect(bert.conversation(a)?.unread).toBe(0);
  expect(anna.texts(b)).toEqual(['Buongiorno', 'Ciao']);
  expect(bert.texts(a)).toEqual(['Buongiorno', 'Ciao']);
});
