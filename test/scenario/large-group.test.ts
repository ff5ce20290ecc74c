import { afterAll, beforeAll, expect, test } from 'vitest';
import { type Person, peopleAt } from '../support/engine-person.ts';
import { type RunningRelay, startRelay } from '../support/relay.ts';

const NAMES = ['anna', 'bert', 'carla', 'dora', 'emil', 'fritz', 'greta', 'hans', 'inge', 'jonas', 'klara', 'ludwig'];

let relay: RunningRelay;
let people: Person[];

beforeAll(async () => {
  relay = await startRelay({ env: { SOTTOVOCE_RATE_FACTOR: '1000' } });
  people = await peopleAt(relay, NAMES);
}, 60_000);

afterAll(async () => {
  for (const person of people ?? []) await person.close();
  await relay?.stop();
});

test('E16: everybody writes at once in a group of a dozen, while it is renamed and one is removed: all who stay read all', {
  timeout: 60_000,
}, async () => {
  const [anna, ...others] = people as [Person, ...Person[]];
  const link = await anna.messenger.contactLink();
  for (const person of others) await person.messenger.openContactLink(link);
  for (const person of others) await anna.messenger.openDirect(person.me().accountId);
  const group = await anna.messenger.createGroup(
    'Choir',
    others.map((person) => person.me().accountId),
  );
  for (const person of others) await person.until('the group', () => person.conversation(group)?.canSend);
  const leaver = others.at(-1) as Person;
  const staying = people.filter((person) => person !== leaver);
  await Promise.all([
    ...staying.flatMap((person) => [0, 1].map((number) => person.say(group, `${person.me().username} ${number}`))),
    anna.messenger.renameGroup(group, 'Orchestra'),
    anna.messenger.removeMember(group, leaver.me().accountId),
  ]);
  const expected = staying.flatMap((person) => [0, 1].map((number) => `${person.me().username} ${number}`)).sort();
  for (const person of staying) {
    await person.until('all texts', () => person.texts(group).length >= expected.length);
    expect([...person.texts(group)].sort()).toEqual(expected);
    await person.until('the name', () => person.conversation(group)?.title === 'Orchestra');
    await person.until('eleven', () => person.conversation(group)?.members?.length === staying.length);
    expect(
      person.rows(group).filter(({ body }) => body.kind === 'system' && ['gap', 'relay-misbehaved'].includes(body.event.event)),
    ).toEqual([]);
  }
  await anna.say(group, 'without him');
  for (const person of staying) await person.until('the last', () => person.texts(group).includes('without him'));
  expect(leaver.texts(group)).not.toContain('without him');
});
