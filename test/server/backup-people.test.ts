import { createHash } from 'node:crypto';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import SqliteDatabase from 'better-sqlite3';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { deliveryTokenOf } from '../../client/messenger/delivery-token.ts';
import { answerOf } from '../support/command.ts';
import { acquaint, type Person, peopleAt, unlock } from '../support/engine-person.ts';
import { createLyingRelay } from '../support/lying-relay.ts';
import { type RunningRelay, startRelay } from '../support/relay.ts';

/** What the relay goes by for this account. */
function verifierOf(username: string): Buffer | null {
  const database = new SqliteDatabase(join(relay.dataDir, 'relay.sqlite'), { readonly: true });
  try {
    return (
      database.prepare<[string], Buffer | null>('SELECT delivery_verifier FROM accounts WHERE username = ?').pluck().get(username) ?? null
    );
  } finally {
    database.close();
  }
}

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

test('R49, R51: after a restore the relay is told the present token again: who was blocked since stays a stranger, contacts do not become strangers', async () => {
  const bertsRelay = createLyingRelay(relay.origin);
  let published = Promise.withResolvers<void>();
  bertsRelay.lies.answer = (route, answer) => {
    if (route === 'account/delivery') published.resolve();
    return answer;
  };
  people = await peopleAt(relay, ['anna', 'bert', 'carl'], (name) => (name === 'bert' ? { relay: bertsRelay } : {}));
  const [anna, bert, carl] = people as [Person, Person, Person];
  const b = bert.me().accountId;
  const tokenOf = (person: Person) => deliveryTokenOf(person.engine().core.read, b);
  const digestOf = (token: Uint8Array | undefined) =>
    createHash('sha256')
      .update(token ?? new Uint8Array())
      .digest();
  for (const person of [anna, carl]) {
    await acquaint(person, bert);
    await person.say(b, 'hello');
    await person.until('the token', () => tokenOf(person));
  }
  await published.promise;
  const made = String((await answerOf(['backup', folder], typed()))['folder']);
  const before = verifierOf('bert');
  expect(before).toEqual(digestOf(tokenOf(carl)));

  published = Promise.withResolvers();
  await bert.messenger.blockContact(carl.me().accountId, true);
  await published.promise;
  await anna.say(b, 'between us');
  await anna.until('the new token', () => digestOf(tokenOf(anna)).equals(digestOf(tokenOf(bert))));
  expect(verifierOf('bert')).toEqual(digestOf(tokenOf(anna)));

  await relay.kill('SIGKILL');
  await answerOf(['restore', made], typed());
  expect(verifierOf('bert')).toEqual(before);
  published = Promise.withResolvers();
  await relay.restart();
  await published.promise;
  expect(verifierOf('bert')).toEqual(digestOf(tokenOf(anna)));
  expect(digestOf(tokenOf(carl))).toEqual(before);
});
