import { afterAll, beforeAll, expect, test } from 'vitest';
import { acquaint, type Person, peopleAt } from '../support/engine-person.ts';
import { type RunningRelay, startRelay } from '../support/relay.ts';

let relay: RunningRelay;
let anna: Person;
let bert: Person;
let carla: Person;

beforeAll(async () => {
  relay = await startRelay();
  [anna, bert, carla] = (await peopleAt(relay, ['anna', 'bert', 'carla'])) as [Person, Person, Person];
  await acquaint(anna, bert);
  await acquaint(anna, carla);
  await acquaint(bert, carla);
});

afterAll(async () => {
  for (const person of [anna, bert, carla]) await person?.close();
  await relay?.stop();
});

test('E16: a group of three: everybody reads everybody; a message is delivered when all have it', async () => {
  const group = await anna.messenger.createGroup('Choir', [bert.me().accountId, carla.me().accountId]);
  for (const person of [bert, carla]) await person.until('the group', () => person.conversation(group)?.members?.length === 3);
  const id = await anna.say(group, 'first rehearsal');
  await bert.until('the text', () => bert.texts(group).includes('first rehearsal'));
  await carla.until('the text', () => carla.texts(group).includes('first rehearsal'));
  await bert.say(group, 'I am there');
  await carla.say(group, 'me too');
  for (const person of [anna, bert, carla]) await person.until('all three', () => person.texts(group).length === 3);
  await anna.until('delivered', () => anna.rows(group).find((row) => row.id === id)?.status === 'delivered');
  expect(anna.conversation(group)?.title).toBe('Choir');
});

test('E15 removed-cannot-read: who is removed reads nothing sent afterwards and sees that he was removed', async () => {
  const group = await anna.messenger.createGroup('Duo', [bert.me().accountId, carla.me().accountId]);
  await carla.until('the group', () => carla.conversation(group)?.canSend);
  await bert.until('the group', () => bert.conversation(group)?.canSend);
  await anna.say(group, 'for three');
  await carla.until('the text', () => carla.texts(group).includes('for three'));
  await anna.messenger.removeMember(group, carla.me().accountId);
  await anna.say(group, 'for two');
  await bert.until('the text', () => bert.texts(group).includes('for two'));
  await bert.until('removal shown', () =>
    bert.rows(group).some((row) => row.body.kind === 'system' && row.body.event.event === 'member-removed'),
  );
  await bert.say(group, 'indeed');
  await anna.until('the answer', () => anna.texts(group).includes('indeed'));
  await carla.until('removed', () => carla.conversation(group)?.whyNot === 'removed');
  await expect(carla.say(group, 'hello?')).rejects.toMatchObject({ code: 'not-a-member' });
  expect(carla.texts(group)).toEqual(['for three']);
});

test('E14: add, rename, roles, leave: every member sees the same', async () => {
  const group = await anna.messenger.createGroup('Trio', [bert.me().accountId]);
  await bert.until('the group', () => bert.conversation(group)?.canSend);
  await bert.say(group, 'before carla');
  await anna.until('the text', () => anna.texts(group).includes('before carla'));
  await anna.messenger.addMembers(group, [carla.me().accountId]);
  await carla.until('the group', () => carla.conversation(group)?.members?.length === 3);
  await bert.until('three', () => bert.conversation(group)?.members?.length === 3);
  await bert.say(group, 'welcome');
  await carla.until('the text', () => carla.texts(group).includes('welcome'));
  expect(carla.texts(group)).not.toContain('before carla');
  await expect(bert.messenger.renameGroup(group, 'No')).rejects.toMatchObject({ code: 'not-allowed' });
  await anna.messenger.setRole(group, bert.me().accountId, 'moderator');
  await bert.until('role', () => bert.conversation(group)?.myRole === 'moderator');
  await bert.messenger.renameGroup(group, 'Quartet');
  for (const person of [anna, carla]) await person.until('the name', () => person.conversation(group)?.title === 'Quartet');
  await carla.messenger.leaveGroup(group);
  await carla.until('left', () => carla.conversation(group)?.whyNot === 'left');
  await anna.until('two', () => anna.conversation(group)?.members?.length === 2);
  await anna.say(group, 'after carla');
  await bert.until('the text', () => bert.texts(group).includes('after carla'));
  expect(carla.texts(group)).not.toContain('after carla');
});

test('E15 rotate-before-next-send: after someone left, the next message is encrypted under an epoch he never had', async () => {
  const group = await anna.messenger.createGroup('Leaving', [bert.me().accountId, carla.me().accountId]);
  for (const person of [bert, carla]) await person.until('the group', () => person.conversation(group)?.canSend);
  const secrets = (person: Person): number[] =>
    person
      .engine()
      .core.read.get('groups', group)
      ?.epochs.map(({ epoch }) => epoch) ?? [];
  expect(secrets(carla)).toEqual([1]);
  await carla.messenger.leaveGroup(group);
  await bert.until('two', () => bert.conversation(group)?.members?.length === 2);
  await bert.say(group, 'between us');
  await anna.until('the text', () => anna.texts(group).includes('between us'));
  expect(Math.max(...secrets(anna))).toBeGreaterThan(1);
  expect(bert.engine().core.read.get('groupSending', group)?.epoch).toBe(Math.max(...secrets(bert)));
  expect(secrets(carla)).toEqual([1]);
  expect(carla.texts(group)).toEqual([]);
});
