import { afterEach, beforeEach, expect, test } from 'vitest';
import type { SystemEvent } from '../../client/messenger/api.ts';
import { keysOf, stateOf } from '../../client/messenger/groups/group-values.ts';
import { createLogClient } from '../../client/messenger/groups/log-client.ts';
import type { GroupRecord } from '../../client/messenger/state.ts';
import { systemRandom } from '../../client/adapters/system-random.ts';
import type { HeardFrame } from '../../client/ports/relay.ts';
import {
  type Bytes,
  type EpochKeys,
  envelopeKind,
  fromBase64url,
  KIND,
  matchesHint,
  openGroup,
  sealGroup,
  sealLogEntry,
  signGroupOperation,
  toBase64url,
} from '../../crypto/index.ts';
import type { RouteAnswer, RouteBody } from '../../server/protocol/http.ts';
import { acquaint, type Person, peopleAt } from '../support/engine-person.ts';
import { createLyingRelay, type LyingRelay } from '../support/lying-relay.ts';
import { type RunningRelay, startRelay } from '../support/relay.ts';

let relay: RunningRelay;
let anna: Person;
let bert: Person;
let mallory: Person;
let annas: LyingRelay;
let berts: LyingRelay;
let mallorys: LyingRelay;
let a: string;
let b: string;
let m: string;

beforeEach(async () => {
  relay = await startRelay();
  const relays: Record<string, LyingRelay> = {};
  for (const name of ['anna', 'bert', 'mallory']) relays[name] = createLyingRelay(relay.origin);
  const at = (name: string): LyingRelay => relays[name] as LyingRelay;
  [anna, bert, mallory] = (await peopleAt(relay, ['anna', 'bert', 'mallory'], (name) => ({ relay: at(name) }))) as [Person, Person, Person];
  [annas, berts, mallorys] = [at('anna'), at('bert'), at('mallory')];
  [a, b, m] = [anna, bert, mallory].map((person) => person.me().accountId) as [string, string, string];
  await acquaint(anna, bert);
});

afterEach(async () => {
  for (const person of [anna, bert, mallory]) await person?.close();
  await relay?.stop();
});

function events(person: Person, id: string): SystemEvent[] {
  return person.rows(id).flatMap(({ body }) => (body.kind === 'system' ? [body.event] : []));
}

const shows = (person: Person, id: string, event: SystemEvent['event']): Promise<SystemEvent> =>
  person.until(event, () => events(person, id).find((one) => one.event === event));

const alarms = (person: Person, id: string): SystemEvent[] => events(person, id).filter(({ event }) => event === 'relay-misbehaved');

function record(person: Person, group: string): GroupRecord {
  const found = person.engine().core.read.get('groups', group);
  if (!found) throw new Error('not in the group');
  return found;
}

function keys(person: Person, group: string): Promise<EpochKeys> {
  const last = record(person, group).epochs.at(-1);
  if (!last) throw new Error('no epoch');
  return keysOf(group, last);
}

const members = (person: Person, group: string): string[] => (person.conversation(group)?.members ?? []).map(({ accountId }) => accountId);

async function groupOf(name: string, founder: Person, others: readonly Person[]): Promise<string> {
  const group = await founder.messenger.createGroup(
    name,
    others.map((person) => person.me().accountId),
  );
  for (const person of others) await person.until(name, () => person.conversation(group)?.members?.length === others.length + 1);
  return group;
}

/** Text from one, read by the other, and back: the engines go on working. */
async function bothTalk(group: string, one: Person, other: Person, text: string): Promise<void> {
  for (const [from, to] of [
    [one, other],
    [other, one],
  ] as const) {
    const said = `${text}, by ${from.me().username}`;
    await from.say(group, said);
    await to.until(said, () => to.texts(group).includes(said));
    expect(to.texts(group).filter((shown) => shown === said)).toHaveLength(1);
  }
}

async function deliverTo(from: Person, to: Person, body: Bytes): Promise<void> {
  const { accountId, deviceId } = to.me();
  const submission = { envelopeId: systemRandom(16), recipients: [{ accountId, deviceId, listVersion: 1 }], body };
  await from.engine().connection.submit(submission);
}

/** What is delivered to this one from now on. */
function overhear(liar: LyingRelay): Bytes[] {
  const bodies: Bytes[] = [];
  liar.lies.frame = (frame: HeardFrame) => {
    if (frame.type === 'deliver') bodies.push(frame.body);
    return [frame];
  };
  return bodies;
}

const isGroup = (body: Bytes): boolean => envelopeKind(body) === KIND.group;

test('E14 ghost-member: a member who may not add and a relay that takes his entry together add nobody', async () => {
  await acquaint(anna, mallory);
  const group = await groupOf('Three', anna, [bert, mallory]);
  // Somebody none of them knows, introduced by the ordinary member's own true signature.
  const fresh = (await peopleAt({ origin: relay.origin, firstInvite: (await inviteFrom(anna)) ?? '' }, ['ghost']))[0] as Person;
  try {
    const { core } = mallory.engine();
    const { genesis } = fresh.engine().core.account();
    const state = stateOf(record(mallory, group));
    const { members: listed } = state;
    const own = listed.get(m);
    if (!own) throw new Error('no member');
    // His own client would refuse to sign it.
    const promoted = { ...state, members: new Map(listed).set(m, { ...own, role: 'admin' as const }) };
    const author = { accountId: m, identityPrivateKey: core.account().identity.privateKey };
    const id = fromBase64url(group);
    const epoch = await keys(mallory, group);
    const entry = await signGroupOperation(author, id, promoted, { type: 'add', members: [{ genesis }] }, core.random);
    const slot = await sealLogEntry(epoch.log, id, state.epoch, state.version, entry, null, core.random);
    await createLogClient(core).append(group, state.version, epoch, slot, null);
    await anna.messenger.renameGroup(group, 'Still three');
    await bert.until('the name', () => bert.conversation(group)?.title === 'Still three');
    await bothTalk(group, anna, bert, 'as before');
    await bothTalk(group, bert, mallory, 'with all members');
    for (const person of [anna, bert, mallory]) expect(members(person, group).sort()).toEqual([a, b, m].sort());
    for (const liar of [annas, berts, mallorys]) expect(recipients(liar)).not.toContain(fresh.me().accountId);
    expect(fresh.conversations()).toEqual([]);
  } finally {
    await fresh.close();
  }
});

async function inviteFrom(person: Person): Promise<string | undefined> {
  return (await person.messenger.createInvite()).link.split('/').at(-1);
}

function recipients(liar: LyingRelay): string[] {
  return liar.said.flatMap((frame) =>
    frame.type === 'submit' || frame.type === 'signal' ? frame.recipients.map(({ accountId }) => accountId) : [],
  );
}

test('E15 removed-cannot-read: the relay hands a removed member every later envelope, and takes his; neither side reads the other', async () => {
  await acquaint(anna, mallory);
  const group = await groupOf('Three', anna, [bert, mallory]);
  await bothTalk(group, anna, mallory, 'for three');
  await bothTalk(group, mallory, bert, 'for three');
  const before = { mallory: mallory.texts(group), bert: bert.texts(group) };
  const old = record(mallory, group);
  // He is told nothing of his removal, keeps what he has, and is given all that the others are given.
  mallorys.lies.frame = (frame) => (frame.type === 'deliver' ? [] : [frame]);
  const later = overhear(berts);
  await anna.messenger.removeMember(group, m);
  await bert.until('two', () => bert.conversation(group)?.members?.length === 2);
  await bothTalk(group, anna, bert, 'for two');
  expect(later.filter(isGroup).length).toBeGreaterThan(0);
  const oldKeys = await Promise.all(old.epochs.map((epoch) => keysOf(group, epoch)));
  for (const body of later.filter(isGroup)) {
    for (const one of oldKeys) expect(matchesHint(one, body)).toBe(false);
  }
  let sequence = 1_000;
  for (const body of later) {
    mallorys.inject({ type: 'deliver', sequence: sequence++, envelopeId: systemRandom(16), storedAt: 0, body });
  }
  const id = await mallory.say(group, 'I was never gone');
  await mallory.until('sent', () => mallory.rows(group).find((row) => row.id === id)?.status !== 'pending');
  await bothTalk(group, bert, anna, 'still for two');
  expect(mallory.texts(group).filter((text) => text.includes('for two'))).toEqual([]);
  expect(mallory.texts(group)).toEqual([...before.mallory, 'I was never gone']);
  for (const person of [anna, bert]) expect(person.texts(group)).not.toContain('I was never gone');
  for (const person of [anna, bert]) expect(members(person, group).sort()).toEqual([a, b].sort());
});

test('E14 replay-other-group: messages and log of one group are nothing in another, even by one who has the keys of both', async () => {
  await acquaint(anna, mallory);
  const here = await groupOf('Here', anna, [bert, mallory]);
  const there = await groupOf('There', anna, [bert, mallory]);
  await bothTalk(there, anna, bert, 'there');
  await mallory.until('all of it', () => mallory.texts(there).length === 2);
  const heard = overhear(mallorys);
  // Bert has not had it yet: his sender key would open it.
  let withheld = false;
  berts.lies.frame = (frame) => {
    if (frame.type !== 'deliver' || withheld || !isGroup(frame.body)) return [frame];
    withheld = true;
    return [];
  };
  await anna.say(here, 'only here');
  await mallory.until('the text', () => mallory.texts(here).includes('only here'));
  const body = heard.find(isGroup) as Bytes;
  const sealed = await openGroup(await keys(mallory, here), body);
  await deliverTo(mallory, bert, await sealGroup(await keys(mallory, there), sealed, systemRandom));
  await bothTalk(there, anna, bert, 'there again');
  expect(withheld).toBe(true);
  expect(bert.texts(here)).toEqual([]);
  expect(bert.texts(there)).not.toContain('only here');
  // Where it belongs it counts once, however often it is sealed.
  await deliverTo(mallory, bert, await sealGroup(await keys(mallory, here), sealed, systemRandom));
  await deliverTo(mallory, bert, await sealGroup(await keys(mallory, here), sealed, systemRandom));
  await deliverTo(mallory, bert, body);
  await bothTalk(here, anna, bert, 'here again');
  expect(bert.texts(here).filter((text) => text === 'only here')).toHaveLength(1);
  expect(bert.texts(there)).not.toContain('only here');

  // The log of one shown as the other's.
  const foreign = await createLogClient(mallory.engine().core).read(here, 0, await keys(mallory, here));
  berts.lies.instead = (route, asked) => {
    if (route !== 'groups/read' || (asked as RouteBody<'groups/read'>).groupId !== there) return undefined;
    return { version: 2, entries: foreign.map(toBase64url) } satisfies RouteAnswer<'groups/read'>;
  };
  await anna.messenger.renameGroup(there, 'Renamed');
  expect(await shows(bert, there, 'group-behind')).toEqual({ event: 'group-behind', who: a });
  expect(members(bert, there).sort()).toEqual([a, b, m].sort());
  expect(bert.conversation(there)?.title).toBe('There');
  expect(alarms(bert, here)).toEqual([]);
  // Nothing of it sticks.
  berts.lies = {};
  await bert.say(there, 'at last');
  await bert.until('the name', () => bert.conversation(there)?.title === 'Renamed');
  await anna.until('the text', () => anna.texts(there).includes('at last'));
});

test('E14 log-truncated: a log that ends before the named head is not entered, though he was a member at its end', async () => {
  await acquaint(anna, mallory);
  mallorys.lies.instead = (route) => (route === 'groups/read' ? { version: 0, entries: [] } : undefined);
  const group = await anna.messenger.createGroup('Before', [m]);
  await shows(mallory, a, 'relay-misbehaved');
  await anna.messenger.renameGroup(group, 'After');
  mallorys.lies = {
    answer: (route, answer) =>
      route === 'groups/read' ? { version: 1, entries: (answer as RouteAnswer<'groups/read'>).entries.slice(0, 1) } : answer,
  };
  const refused = mallorys.asked.length;
  await anna.say(group, 'under the new name');
  await anna.until('sent', () => anna.rows(group).at(-1)?.status === 'sent');
  await anna.say(m, 'barrier');
  await mallory.until('the barrier', () => mallory.texts(a).includes('barrier'));
  mallory.engine().groups.ready();
  await anna.say(m, 'another');
  await mallory.until('the other', () => mallory.texts(a).includes('another'));
  expect(mallorys.asked.slice(refused)).toContain('groups/read');
  expect(mallory.conversation(group)).toBeUndefined();
  mallorys.lies = {};
  mallory.engine().groups.ready();
  await mallory.until('the text', () => mallory.texts(group).includes('under the new name'));
  expect(mallory.conversation(group)?.title).toBe('After');
  await bothTalk(group, anna, mallory, 'and on');
});

test('E14 forked-log: two members shown two histories both see it at the first message', async () => {
  const group = await groupOf('Two', anna, [bert]);
  await anna.messenger.setRole(group, b, 'moderator');
  await bert.until('moderator', () => bert.conversation(group)?.myRole === 'moderator');
  // Bert's entry goes nowhere, and he is told that it stands.
  berts.lies.instead = (route) => (route === 'groups/append' ? {} : undefined);
  // What Bert tells of it is held back, so that Anna makes her own.
  berts.lies.sent = (frame) => frame.type !== 'submit';
  await bert.messenger.renameGroup(group, 'Bert’s');
  expect(bert.conversation(group)?.title).toBe('Bert’s');
  await anna.messenger.renameGroup(group, 'Anna’s');
  await shows(bert, group, 'relay-misbehaved');
  expect(bert.conversation(group)?.title).toBe('Bert’s');
  expect(anna.conversation(group)?.title).toBe('Anna’s');
  expect(events(bert, group)).not.toContainEqual({ event: 'group-renamed', by: a, name: 'Anna’s' });
});

test('E14: who is no member has no say about a group: a stranger’s or former member’s head neither stops it nor alarms', async () => {
  const group = await groupOf('Two', anna, [bert]);
  await bothTalk(group, anna, bert, 'before');
  await mallory.messenger.openContactLink(await bert.messenger.contactLink());
  const { core, outbox } = mallory.engine();
  const { version } = stateOf(record(bert, group));
  for (const logVersion of [version, 1_000_000]) {
    const logHead = toBase64url(systemRandom(32));
    const secret = toBase64url(systemRandom(32));
    for (const epoch of [1, 2]) {
      const body = { kind: 'group-update', version: 1, groupId: group, logVersion, logHead, epoch, secret } as const;
      await core.step((step) => outbox.add(step, { to: { accountId: b, only: null }, body }));
    }
  }
  await mallory.say(b, 'barrier');
  await bert.until('the barrier', () => bert.texts(m).includes('barrier'));
  await bothTalk(group, bert, anna, 'after');
  expect(alarms(bert, group)).toEqual([]);
  expect(record(bert, group)).toMatchObject({ heard: [], pending: [] });
});

test('E16: a newcomer who speaks before anybody heard of him is read once they have', async () => {
  await acquaint(anna, mallory);
  const group = await groupOf('Two', anna, [bert]);
  annas.lies.sent = (frame) => !(frame.type === 'submit' && frame.recipients.some(({ accountId }) => accountId === b));
  await anna.messenger.addMembers(group, [m]);
  await mallory.until('the group', () => mallory.conversation(group)?.canSend);
  await mallory.say(group, 'new here');
  await anna.until('the text', () => anna.texts(group).includes('new here'));
  await mallory.until('sent', () => mallory.rows(group).at(-1)?.status !== 'pending');
  expect(members(bert, group)).toHaveLength(2);
  annas.lies = {};
  anna.engine().connection.restart();
  await bert.until('the text', () => bert.texts(group).includes('new here'));
  await bothTalk(group, bert, mallory, 'welcome');
  expect(bert.texts(group).filter((text) => text === 'new here')).toHaveLength(1);
});

test('E14: a stranger’s welcome does not take the place of a contact’s', async () => {
  let blocked = true;
  berts.lies.instead = (route) => (blocked && route === 'groups/read' ? { version: 1, entries: [] } : undefined);
  const group = await anna.messenger.createGroup('Two', [b]);
  await shows(bert, a, 'relay-misbehaved');
  await mallory.messenger.openContactLink(await bert.messenger.contactLink());
  const [logHead, secret] = [toBase64url(systemRandom(32)), toBase64url(systemRandom(32))];
  const body = { kind: 'group-update', version: 1, groupId: group, logVersion: 1_000, logHead, epoch: 1, secret } as const;
  await mallory.engine().core.step((step) => mallory.engine().outbox.add(step, { to: { accountId: b, only: null }, body }));
  await mallory.say(b, 'barrier');
  await bert.until('the barrier', () => bert.texts(m).includes('barrier'));
  blocked = false;
  bert.engine().groups.ready();
  await bert.until('the group', () => bert.conversation(group)?.canSend);
  await bothTalk(group, anna, bert, 'after all');
});

test('E14 log-truncated: garbage shown once in the place of true entries spoils nothing that comes after', async () => {
  const group = await groupOf('Two', anna, [bert]);
  let shown = 0;
  berts.lies.answer = (route, answer) => {
    if (route !== 'groups/read' || shown > 0) return answer;
    shown++;
    const { version, entries } = answer as RouteAnswer<'groups/read'>;
    const garbage = [systemRandom(512), systemRandom(700)].map(toBase64url);
    return { version: version + 2, entries: [...garbage, ...entries] } satisfies RouteAnswer<'groups/read'>;
  };
  await anna.messenger.renameGroup(group, 'Renamed');
  await bert.until('the lie', () => shown > 0);
  await bothTalk(group, anna, bert, 'after the lie');
  await bert.until('the name', () => bert.conversation(group)?.title === 'Renamed');
  await anna.messenger.renameGroup(group, 'Again');
  await bert.until('the new name', () => bert.conversation(group)?.title === 'Again');
  await bothTalk(group, bert, anna, 'and on');
  expect(record(bert, group)).toMatchObject({ heard: [] });
  expect(stateOf(record(bert, group)).version).toBe(stateOf(record(anna, group)).version);
});

test('E14: a member who names entries that are not there stops the group only as long as he is in it, and is named', async () => {
  await acquaint(anna, mallory);
  const group = await groupOf('Three', anna, [bert, mallory]);
  await bothTalk(group, anna, bert, 'before');
  const { core, outbox } = mallory.engine();
  const logHead = toBase64url(systemRandom(32));
  const { state, epochs } = record(mallory, group);
  const secret = toBase64url(epochs.at(-1)?.secret as Bytes);
  const body = { kind: 'group-update', version: 1, groupId: group, logVersion: 1_000_000, logHead, epoch: 1, secret } as const;
  for (const accountId of [a, b]) await core.step((step) => outbox.add(step, { to: { accountId, only: null }, body }));
  for (const person of [anna, bert]) expect(await shows(person, group, 'group-behind')).toEqual({ event: 'group-behind', who: m });
  expect(stateOf({ ...record(anna, group), state }).version).toBe(1);
  await bert.say(group, 'waits');
  await anna.messenger.removeMember(group, m);
  await anna.until('the text', () => anna.texts(group).includes('waits'));
  await bothTalk(group, anna, bert, 'after');
  for (const person of [anna, bert]) expect(record(person, group)).toMatchObject({ heard: [] });
});

test('E14: a stranger’s welcomes into groups that are not there take no room from a contact’s', async () => {
  await mallory.messenger.openContactLink(await bert.messenger.contactLink());
  const { core, outbox } = mallory.engine();
  for (let i = 0; i < 70; i++) {
    const [groupId, logHead, secret] = [32, 32, 32].map((bytes) => toBase64url(systemRandom(bytes))) as [string, string, string];
    const body = { kind: 'group-update', version: 1, groupId, logVersion: 1, logHead, epoch: 1, secret } as const;
    await core.step((step) => outbox.add(step, { to: { accountId: b, only: null }, body }));
  }
  await mallory.say(b, 'barrier');
  await bert.until('the barrier', () => bert.texts(m).includes('barrier'));
  const group = await groupOf('Two', anna, [bert]);
  await bothTalk(group, anna, bert, 'all the same');
  const welcomes = () => [...bert.engine().core.read.all('welcomes')].length;
  await expect.poll(welcomes, { timeout: 10_000 }).toBe(0);
  expect(events(bert, m)).toEqual([]);
  const asked = berts.asked.filter((route) => route === 'groups/read').length;
  bert.engine().groups.ready();
  await bothTalk(group, bert, anna, 'and on');
  expect(berts.asked.filter((route) => route === 'groups/read')).toHaveLength(asked);
});
