import { strict as assert } from 'node:assert';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { openSqliteVault } from '../../client/adapters/sqlite-vault.ts';
import { acquaint, type Person, peopleAt } from '../support/engine-person.ts';
import { startRelay } from '../support/relay.ts';
import { type Part, type Tools, until, WIDE_RATES } from './part.ts';

const KILLS = 12;
const NAMES = ['anna', 'bert', 'carla', 'david'];

// In each life of the relay, said by each person to a person or group of chance.
const TEXTS_IN_A_LIFE = 10;
const MAX_MOMENT_MS = 400;

// Engines come back within half a minute of chance, and then have work to do.
const PATIENCE_MS = 120_000;

type Said = { by: Person; to: Person[]; text: string; conversationOf(reader: Person): string };

/**
 * What was said where: each text once on each side, all of it readable, and in person in its author's order. In a group a message whose
 * sender key is still under way waits, and later ones may be shown before it (E16): the answer counts those.
 */
function check(people: readonly Person[], group: string, said: readonly Said[]): number {
  let late = 0;
  for (const reader of people) {
    const name = reader.me().username;
    for (const { id } of reader.conversations()) {
      const unread = reader.rows(id).filter(({ body }) => body.kind === 'waiting' || body.kind === 'unknown');
      assert.deepEqual(unread, [], `${name} sees messages that did not open`);
      const gaps = reader.rows(id).filter(({ body }) => body.kind === 'system' && body.event.event === 'gap');
      assert.deepEqual(gaps, [], `${name} sees gaps`);
    }
    for (const author of people) {
      const heard = said.filter(({ by, to }) => by === author && (author === reader || to.includes(reader)));
      for (const conversation of new Set(heard.map((one) => one.conversationOf(reader)))) {
        const expected = heard.filter((one) => one.conversationOf(reader) === conversation).map(({ text }) => text);
        const shown = reader
          .rows(conversation)
          .flatMap(({ from, body }) => (from === author.me().accountId && body.kind === 'text' ? [body.text] : []));
        const inGroup = conversation === group;
        const where = `${name} reads ${author.me().username} ${inGroup ? 'in the group' : 'in person'}`;
        assert.deepEqual(inGroup ? shown.toSorted() : shown, inGroup ? expected.toSorted() : expected, where);
        late += shown.filter((text, index) => shown.slice(index).some((later) => expected.indexOf(later) < expected.indexOf(text))).length;
      }
    }
  }
  return late;
}

/** The product's own engines, with vaults on disk, talking in pairs and in a group while the relay is killed under them. */
async function run({ chance, progress, fault }: Tools): Promise<void> {
  const folder = await mkdtemp(join(tmpdir(), 'sottovoce-faults-'));
  const relay = await startRelay({ env: WIDE_RATES });
  let people: Person[] = [];
  try {
    people = await peopleAt(relay, NAMES, (name) => ({ storage: openSqliteVault(join(folder, `${name}.vault`)) }));
    for (const [index, one] of people.entries()) for (const other of people.slice(index + 1)) await acquaint(one, other);
    const [founder, ...others] = people as [Person, ...Person[]];
    const group = await founder.messenger.createGroup(
      'Choir',
      others.map((person) => person.me().accountId),
    );
    for (const person of others) await person.until('the group', () => person.conversation(group)?.canSend);

    const said: Said[] = [];
    async function speak(by: Person, number: number): Promise<void> {
      const to = people.filter((person) => person !== by);
      const inGroup = chance.one(2);
      const other = chance.pick(to);
      const text = `${by.me().username} ${number}`;
      const accountIds = new Map([by, other].map((person) => [person, person.me().accountId]));
      said.push({
        by,
        to: inGroup ? to : [other],
        text,
        conversationOf: (reader) => (inGroup ? group : ((reader === by ? accountIds.get(other) : accountIds.get(by)) as string)),
      });
      await by.say(inGroup ? group : other.me().accountId, text);
    }
    const complete = (): boolean =>
      people.every((reader) => said.filter(({ by, to }) => by === reader || to.includes(reader)).length <= textsOf(reader).length);
    const textsOf = (reader: Person): string[] => reader.conversations().flatMap(({ id }) => reader.texts(id));

    let number = 0;
    for (let kills = 0; kills < KILLS; kills++) {
      const speaking = (async () => {
        for (let i = 0; i < TEXTS_IN_A_LIFE; i++) {
          number += 1;
          await Promise.all(people.map((person) => speak(person, number)));
          await pause(chance.below(30));
        }
      })();
      await pause(chance.below(MAX_MOMENT_MS));
      await relay.kill('SIGKILL');
      fault();
      await speaking;
      await relay.restart();
      // Two lives in three begin with everybody back; in the others the next kill falls among the reconnections.
      if (!chance.one(3)) await until('everybody is online', () => people.every((person) => person.isOnline()), PATIENCE_MS);
      progress(`${kills + 1} kills, ${said.length} texts said`);
    }
    await until('every text is on every side', complete, PATIENCE_MS);
    await until(
      'every text has arrived',
      () =>
        people.every((person) =>
          person
            .conversations()
            .every(({ id }) => person.rows(id).every((row) => !row.mine || row.body.kind !== 'text' || row.status === 'delivered')),
        ),
      PATIENCE_MS,
    );
    const late = check(people, group, said);
    progress(`${said.length} texts, each shown once on each side; ${late} in the group were shown before an earlier one of their author`);
  } finally {
    for (const person of people) await person.close();
    await relay.stop();
    await rm(folder, { recursive: true, force: true });
  }
}

export const killEngines: Part = { name: 'kill-engines', run };
