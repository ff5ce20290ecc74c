import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { answerOf } from '../support/command.ts';
import { acquaint, type Person, peopleAt, unlock } from '../support/engine-person.ts';
import { type RunningRelay, startRelay } from '../support/relay.ts';

let relay: RunningRelay;
let people: Person[] = [];
let folder: string;
beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), 'sottovoce-people-'));
  relay = await startRelay();
});
afterEach(async () => {
  for (const person of people) await person.close();
  await relay.stop();
  rmSync(folder, { recursive: true, force: true });
});

const typed = () => ({ dataDir: relay.dataDir, port: relay.port });
const recordSequence = (person: Person) => person.engine().core.read.get('publication', 'self')?.sequence;

test('R49, E3, E8: after a restore people talk on: nothing is shown twice, no vault is taken for an old copy, strangers can begin', async () => {
  people = await peopleAt(relay, ['anna', 'bert', 'cleo']);
  const [anna, bert, cleo] = people as [Person, Person, Person];
  const [a, b, c] = [anna, bert, cleo].map((person) => person.me().accountId) as [string, string, string];
  await acquaint(anna, bert);
  await anna.say(b, 'one');
  await bert.until('one', () => bert.texts(a).includes('one'));
  await bert.messenger.lock();
  await anna.say(b, 'two');
  await anna.until('two is sent', () => anna.rows(b).at(-1)?.status === 'sent');

  const made = String((await answerOf(['backup', folder], typed()))['folder']);
  await unlock(bert);
  await bert.until('two', () => bert.texts(a).includes('two'));
  await anna.say(b, 'three');
  await bert.until('three', () => bert.texts(a).includes('three'));
  await bert.say(a, 'heard');
  await anna.until('heard', () => anna.texts(b).includes('heard'));
  const cursor = bert.engine().core.read.get('cursor', 'self')?.sequence ?? 0;

  await relay.kill('SIGKILL');
  await answerOf(['restore', made], typed());
  await relay.restart();
  await anna.say(b, 'four');
  await bert.until('four', () => bert.texts(a).includes('four'));
  await bert.say(a, 'heard again');
  await anna.until('heard again', () => anna.texts(b).includes('heard again'));
  expect(bert.texts(a).filter((text) => text !== 'one')).toEqual(['two', 'three', 'heard', 'four', 'heard again']);
  expect(anna.texts(b)).toEqual(['one', 'two', 'three', 'heard', 'four', 'heard again']);
  expect(bert.engine().core.read.get('cursor', 'self')?.sequence).toBeGreaterThan(cursor);
  for (const person of [anna, bert]) expect(recordSequence(person)).toBe(1);

  await cleo.messenger.openContactLink(await anna.messenger.contactLink());
  await cleo.say(a, 'a first message without a one-time prekey');
  await anna.until('the stranger', () => anna.texts(c).length === 1);
});
