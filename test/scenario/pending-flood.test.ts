/** E14, E15: candidates for an epoch's secret are bounded; a member who was thrown out must not be able to push the true one out. */
import { expect, test } from 'vitest';
import { systemRandom } from '../../client/adapters/system-random.ts';
import { stateOf } from '../../client/messenger/groups/group-values.ts';
import type { HeardFrame } from '../../client/ports/relay.ts';
import { toBase64url } from '../../crypto/index.ts';
import { acquaint, type Person, peopleAt } from '../support/engine-person.ts';
import { createLyingRelay } from '../support/lying-relay.ts';
import { startRelay } from '../support/relay.ts';

test('false secrets from a removed member do not keep one who was away out of the new epoch', async () => {
  const relay = await startRelay();
  const berts = createLyingRelay(relay.origin);
  const people = (await peopleAt(relay, ['anna', 'bert', 'mallory'], (name) =>
    name === 'bert' ? { relay: berts } : { origin: relay.origin },
  )) as [Person, Person, Person];
  const [anna, bert, mallory] = people;
  try {
    await acquaint(anna, bert);
    await acquaint(anna, mallory);
    await acquaint(bert, mallory);
    const [b, m] = [bert.me().accountId, mallory.me().accountId];
    const group = await anna.messenger.createGroup('Three', [b, m]);
    for (const person of [bert, mallory]) await person.until('the group', () => person.conversation(group)?.members?.length === 3);
    const state = stateOf(mallory.engine().core.read.get('groups', group) as never);

    // Bert is away: what comes waits, and comes in its order when he is back.
    const waiting: HeardFrame[] = [];
    berts.lies.frame = (frame) => {
      if (frame.type !== 'deliver') return [frame];
      waiting.push(frame);
      return [];
    };
    await anna.messenger.removeMember(group, m);
    while (waiting.length < 1) await new Promise((resolve) => setTimeout(resolve, 50));
    const { core, outbox } = mallory.engine();
    for (let i = 0; i < 8; i++) {
      const body = {
        kind: 'group-update',
        version: 1,
        groupId: group,
        logVersion: state.version,
        logHead: toBase64url(state.headHash),
        epoch: 2,
        secret: toBase64url(systemRandom(32)),
      } as const;
      await core.step((step) => outbox.add(step, { to: { accountId: b, only: null }, body }));
    }
    outbox.kick();
    while (waiting.length < 9) await new Promise((resolve) => setTimeout(resolve, 50));
    berts.lies = {};
    for (const frame of waiting) berts.inject(frame);
    await new Promise((resolve) => setTimeout(resolve, 3_000));
    const after = bert.engine().core.read.get('groups', group);
    expect({ epoch: stateOf(after as never).epoch, members: stateOf(after as never).members.size }).toEqual({ epoch: 2, members: 2 });
  } finally {
    for (const person of people) await person.close();
    await relay.stop();
  }
}, 60_000);

test('false secrets of epochs far ahead do not keep a member from reading the log of this one', async () => {
  const relay = await startRelay();
  const people = (await peopleAt(relay, ['anna', 'bert', 'mallory'])) as [Person, Person, Person];
  const [anna, bert, mallory] = people;
  try {
    await acquaint(anna, bert);
    await acquaint(anna, mallory);
    await acquaint(bert, mallory);
    const [b, m] = [bert.me().accountId, mallory.me().accountId];
    const group = await anna.messenger.createGroup('Three', [b, m]);
    for (const person of [bert, mallory]) await person.until('the group', () => person.conversation(group)?.members?.length === 3);
    const state = stateOf(mallory.engine().core.read.get('groups', group) as never);
    const { core, outbox } = mallory.engine();
    for (let i = 0; i < 8; i++) {
      const body = {
        kind: 'group-update',
        version: 1,
        groupId: group,
        logVersion: state.version,
        logHead: toBase64url(state.headHash),
        epoch: 1_000 + i,
        secret: toBase64url(systemRandom(32)),
      } as const;
      await core.step((step) => outbox.add(step, { to: { accountId: b, only: null }, body }));
    }
    outbox.kick();
    const sent = () => [...core.read.all('outbox')].length === 0;
    while (!sent()) await new Promise((resolve) => setTimeout(resolve, 50));
    await mallory.say(b, 'all said');
    await bert.until('all said', () => bert.texts(m).includes('all said'));
    await anna.messenger.renameGroup(group, 'Renamed');
    await anna.say(group, 'do you read me?');
    await bert.until('the new name and the text', () => bert.conversation(group)?.title === 'Renamed' && bert.texts(group).length > 0);
    expect(bert.texts(group)).toEqual(['do you read me?']);
  } finally {
    for (const person of people) await person.close();
    await relay.stop();
  }
}, 60_000);
