/** Threat model, "a malicious group member": whatever he does to the log, he cannot stop an admin from removing him (G19). */
import { afterEach, beforeEach, expect, test } from 'vitest';
import { systemRandom } from '../../client/adapters/system-random.ts';
import type { SystemEvent } from '../../client/messenger/api.ts';
import { keysOf, newRecord, stateOf } from '../../client/messenger/groups/group-values.ts';
import { createLogClient } from '../../client/messenger/groups/log-client.ts';
import { groupOf } from '../../client/messenger/groups/moved.ts';
import { updateOf } from '../../client/messenger/groups/news.ts';
import type { GroupRecord } from '../../client/messenger/state.ts';
import type { Clock } from '../../client/ports/clock.ts';
import { RelayFailure } from '../../client/ports/relay.ts';
import {
  applyGroupEntry,
  type Bytes,
  envelopeKind,
  epochCommitment,
  type EpochKeys,
  fromBase64url,
  KIND,
  matchesHint,
  sealLogEntry,
  signGroupOperation,
  toBase64url,
} from '../../crypto/index.ts';
import type { RouteBody } from '../../server/protocol/http.ts';
import { acquaint, type Person, peopleAt } from '../support/engine-person.ts';
import { createLyingRelay, type LyingRelay } from '../support/lying-relay.ts';
import { type ManualClock, manualClock } from '../support/manual-clock.ts';
import { type RunningRelay, startRelay } from '../support/relay.ts';

const PATIENCE_MS = 15_000;

let relay: RunningRelay;
let anna: Person;
let bert: Person;
let cora: Person;
let mallory: Person;
let people: Person[];
const relays = new Map<string, LyingRelay>();
const clocks = new Map<string, PatientClock>();
let b: string;
let m: string;

/** What a name stands for here begins each 32 random bytes of that person, and so the id of a group he founds. */
const firstByte = new Map<string, number>();

function randomOf(name: string): (length: number) => Bytes {
  return (length) => {
    const bytes = systemRandom(length);
    const first = firstByte.get(name);
    if (first !== undefined && length === 32) bytes[0] = first;
    return bytes;
  };
}

/** Tells when somebody begins to wait for a secret. */
type PatientClock = ManualClock & { patience(): Promise<void> };

function patientClock(): PatientClock {
  const clock = manualClock(Date.now());
  const waiting: (() => void)[] = [];
  let begun = 0;
  const setTimer: Clock['setTimer'] = (afterMs, run) => {
    const cancel = clock.setTimer(afterMs, run);
    if (afterMs !== PATIENCE_MS) return cancel;
    begun++;
    for (const one of waiting.splice(0)) one();
    return cancel;
  };
  return { ...clock, setTimer, patience: () => (begun > 0 ? Promise.resolve() : new Promise((resolve) => waiting.push(resolve))) };
}

const liar = (name: string): LyingRelay => relays.get(name) as LyingRelay;
const clockOf = (name: string): PatientClock => clocks.get(name) as PatientClock;

beforeEach(async () => {
  relay = await startRelay();
  const names = ['anna', 'bert', 'cora', 'mallory'];
  for (const name of names) {
    relays.set(name, createLyingRelay(relay.origin));
    clocks.set(name, patientClock());
  }
  people = await peopleAt(relay, names, (name) => ({ relay: liar(name), clock: clockOf(name), random: randomOf(name) }));
  [anna, bert, cora, mallory] = people as [Person, Person, Person, Person];
  [b, m] = [bert, mallory].map((person) => person.me().accountId) as [string, string];
  for (const other of [bert, cora, mallory]) await acquaint(anna, other);
});

afterEach(async () => {
  for (const person of people) await person?.close();
  await relay?.stop();
});

const systemEvents = (person: Person, id: string): SystemEvent[] =>
  person.rows(id).flatMap(({ body }) => (body.kind === 'system' ? [body.event] : []));

const membersOf = (person: Person, id: string): string[] =>
  (person.conversation(id)?.members ?? []).map(({ accountId }) => accountId).sort();

const idsOf = (...some: Person[]): string[] => some.map((person) => person.me().accountId).sort();

function recordOf(person: Person, group: string): GroupRecord {
  const found = person.engine().core.read.get('groups', group);
  if (!found) throw new Error('no group');
  return found;
}

const currentGroup = (person: Person, group: string): string => groupOf(person.engine().core.read, group);

async function groupOfAll(name: string, others: readonly Person[]): Promise<string> {
  const group = await anna.messenger.createGroup(
    name,
    others.map((person) => person.me().accountId),
  );
  for (const person of others) await person.until('the group', () => membersOf(person, group).length === others.length + 1);
  return group;
}

async function allTalk(group: string, some: readonly Person[], what: string): Promise<void> {
  for (const from of some) {
    const text = `${what}, by ${from.me().username}`;
    await from.say(group, text);
    for (const to of some) await to.until(text, () => to.texts(group).includes(text));
    for (const to of some) expect(to.texts(group).filter((shown) => shown === text)).toHaveLength(1);
  }
}

type Locked = { secret: Bytes; keys: EpochKeys };

/** This person, with a client of his own: an epoch that nobody else can read. */
async function lock(person: Person, group: string): Promise<Locked> {
  const { core } = person.engine();
  const record = recordOf(person, group);
  const state = stateOf(record);
  const id = fromBase64url(group);
  const epoch = state.epoch + 1;
  const now = await keysOf(group, record.epochs.at(-1) as GroupRecord['epochs'][0]);
  const secret = systemRandom(32);
  const keys = await keysOf(group, { epoch, secret });
  const author = { accountId: person.me().accountId, identityPrivateKey: core.account().identity.privateKey };
  const operation = { type: 'rotate', commitment: epochCommitment(secret, id, epoch) } as const;
  const entry = await signGroupOperation(author, id, state, operation, systemRandom);
  const slot = await sealLogEntry(keys.log, id, epoch, state.version, entry, now.log, systemRandom);
  await createLogClient(core).append(group, state.version, now, slot, keys);
  return { secret, keys };
}

/** Whatever is delivered to this person from now on is lost on the way, until he is `back`. */
function deafen(name: string): void {
  liar(name).lies.frame = (frame) => (frame.type === 'deliver' ? [] : [frame]);
}

function back(person: Person): void {
  const { username } = person.me();
  liar(username).lies = {};
  person.engine().connection.restart();
  // He waits a moment before he connects again.
  clockOf(username).advance(60_000);
}

async function removeWhenBlocked(admin: Person, group: string, member: string): Promise<void> {
  const removal = admin.messenger.removeMember(group, member);
  const clock = clockOf(admin.me().username);
  await Promise.race([clock.patience(), removal]);
  clock.advance(PATIENCE_MS);
  await removal;
}

test('E20 withheld-epoch: who opens an epoch and keeps its secret is removed, and reads nothing sent after', async () => {
  const group = await groupOfAll('Three', [bert, mallory]);
  await anna.messenger.setRole(group, b, 'moderator');
  await allTalk(group, [anna, bert, mallory], 'before');
  const { keys } = await lock(mallory, group);
  const old = await Promise.all(recordOf(mallory, group).epochs.map((epoch) => keysOf(group, epoch)));
  const later: Bytes[] = [];
  liar('bert').lies.frame = (frame) => {
    if (frame.type === 'deliver' && envelopeKind(frame.body) === KIND.group) later.push(frame.body);
    return [frame];
  };
  await removeWhenBlocked(anna, group, m);
  await bert.until('two', () => membersOf(bert, group).length === 2);
  const appended = () => liar('anna').asked.filter((route) => route === 'groups/append').length;
  const before = appended();
  await allTalk(group, [anna, bert], 'after');

  // The same conversation: its history, its name, its roles; and one line of what happened.
  for (const person of [anna, bert]) {
    expect(membersOf(person, group)).toEqual(idsOf(anna, bert));
    expect(person.conversation(group)).toMatchObject({ title: 'Three', canSend: true });
    expect(person.conversations().filter(({ kind }) => kind === 'group')).toHaveLength(1);
    expect(person.texts(group).filter((text) => text.startsWith('before'))).toHaveLength(3);
    expect(systemEvents(person, group).filter(({ event }) => event === 'group-moved')).toEqual([
      { event: 'group-moved', by: anna.me().accountId, who: [m] },
    ]);
  }
  expect(bert.conversation(group)?.myRole).toBe('moderator');
  expect(currentGroup(bert, group)).toBe(currentGroup(anna, group));
  expect(currentGroup(anna, group)).not.toBe(group);
  expect(later).toHaveLength(1);
  for (const one of [...old, keys]) for (const body of later) expect(matchesHint(one, body)).toBe(false);
  // His own client was told; what a false one writes is shown to nobody.
  await mallory.until('removed', () => mallory.conversation(group)?.whyNot === 'removed');
  expect(mallory.texts(group).filter((text) => text.startsWith('after'))).toEqual([]);
  expect(appended()).toBe(before);
  // And the new log is a log.
  await anna.messenger.renameGroup(group, 'Two');
  await bert.until('the name', () => bert.conversation(group)?.title === 'Two');
  clockOf('bert').advance(5_000);
  await anna.until('the receipt', () => anna.rows(group).some(({ status, mine }) => mine && status === 'delivered'));
});

test('E20: garbage that changes the access key is left in the same way', async () => {
  const group = await groupOfAll('Three', [bert, mallory]);
  const { core } = mallory.engine();
  const record = recordOf(mallory, group);
  const now = await keysOf(group, record.epochs.at(-1) as GroupRecord['epochs'][0]);
  const next = await keysOf(group, { epoch: 77, secret: systemRandom(32) });
  await createLogClient(core).append(group, stateOf(record).version, now, systemRandom(512), next);
  await removeWhenBlocked(anna, group, m);
  await bert.until('two', () => membersOf(bert, group).length === 2);
  await allTalk(group, [bert, anna], 'after');
  // Out of it and back again is as anywhere.
  await anna.messenger.removeMember(group, b);
  await bert.until('removed', () => bert.conversation(group)?.whyNot === 'removed');
  await anna.messenger.addMembers(group, [b]);
  await bert.until('back', () => bert.conversation(group)?.canSend);
  await allTalk(group, [anna, bert], 'back');
  expect(bert.conversations().filter(({ kind }) => kind === 'group')).toHaveLength(1);
});

test('E20: a log that takes no more entries, because somebody filled it, is left too', async () => {
  const group = await groupOfAll('Three', [bert, mallory]);
  liar('anna').lies.instead = (route, body) => {
    if (route === 'groups/append' && (body as RouteBody<'groups/append'>).groupId === group) throw new RelayFailure('too_large');
    return undefined;
  };
  await anna.messenger.removeMember(group, m);
  await bert.until('two', () => membersOf(bert, group).length === 2);
  await allTalk(group, [bert, anna], 'after');
  expect(recordOf(anna, group)).toMatchObject({ standing: 'moved', pending: [], acting: [] });
});

test('E20: in a group whose log works nobody is moved', async () => {
  const group = await groupOfAll('Three', [bert, mallory]);
  await anna.messenger.removeMember(group, m);
  await bert.until('two', () => membersOf(bert, group).length === 2);
  await allTalk(group, [anna, bert], 'after');
  for (const person of [anna, bert]) {
    expect(currentGroup(person, group)).toBe(group);
    expect(systemEvents(person, group).map(({ event }) => event)).not.toContain('group-moved');
  }
});

test('E20: a secret that one member has is handed on to the admin who asks, and the group stays where it is', async () => {
  const group = await groupOfAll('Three', [bert, mallory]);
  const { secret } = await lock(mallory, group);
  // Bert alone is told.
  const log = await createLogClient(mallory.engine().core).read(group, 0, await keysOf(group, { epoch: 2, secret }));
  const state = stateOf(recordOf(mallory, group));
  const body = { ...updateOf(group, recordOf(mallory, group), state, false), epoch: 2, secret: toBase64url(secret) };
  await mallory.engine().core.step((step) => mallory.engine().outbox.add(step, { to: { accountId: b, only: null }, body }));
  await bert.until('the epoch', () => stateOf(recordOf(bert, group)).epoch === 2);
  expect(log).toHaveLength(2);
  await anna.messenger.removeMember(group, m);
  await bert.until('two', () => membersOf(bert, group).length === 2);
  await allTalk(group, [anna, bert], 'after');
  expect(currentGroup(anna, group)).toBe(group);
  expect(stateOf(recordOf(anna, group)).epoch).toBe(3);
});

test('G19: a member who is no admin moves nobody', async () => {
  const group = await groupOfAll('Three', [bert, mallory]);
  const { core, outbox } = mallory.engine();
  const state = stateOf(recordOf(mallory, group));
  const own = state.members.get(m);
  if (!own) throw new Error('no member');
  // Everything but the right to: a group that he founded for all of them, and a word that he signed as if he were admin.
  const id = systemRandom(32);
  const elsewhere = toBase64url(id);
  const epoch = { epoch: 1, secret: systemRandom(32) };
  const author = { accountId: m, identityPrivateKey: core.account().identity.privateKey };
  const promoted = { ...state, members: new Map(state.members).set(m, { ...own, role: 'admin' as const }) };
  const moved = { type: 'moved', newGroupId: id } as const;
  const entry = await signGroupOperation(author, fromBase64url(group), promoted, moved, systemRandom);
  const commitment = epochCommitment(epoch.secret, id, 1);
  const members = [...state.members.values()].map(({ genesis }) => ({ genesis }));
  const create = { type: 'create', name: 'Elsewhere', policy: state.policy, members, commitment } as const;
  const founding = await signGroupOperation(author, id, null, create, systemRandom);
  const keys = await keysOf(elsewhere, epoch);
  await createLogClient(core).create(elsewhere, keys, await sealLogEntry(keys.log, id, 1, 0, founding, null, systemRandom));
  const { state: there } = await applyGroupEntry(null, founding, id);
  const body = {
    ...updateOf(elsewhere, newRecord(there, epoch), there, true),
    moved: { groupId: group, entry: toBase64url(entry) },
  };
  const read = new Set<string>();
  for (const name of ['anna', 'bert']) {
    liar(name).lies.answer = (route, answer, asked) => {
      if (route === 'groups/read' && (asked as RouteBody<'groups/read'>).groupId === elsewhere) read.add(name);
      return answer;
    };
  }
  for (const accountId of [anna.me().accountId, b]) {
    await core.step((step) => outbox.add(step, { to: { accountId, only: null }, body }));
  }
  await allTalk(group, [anna, bert, mallory], 'after');
  for (const person of [anna, bert]) {
    await expect.poll(() => read.has(person.me().username), { timeout: 10_000 }).toBe(true);
    await expect.poll(() => [...person.engine().core.read.all('welcomes')], { timeout: 10_000 }).toEqual([]);
    expect(person.conversation(elsewhere)).toBeUndefined();
    expect(currentGroup(person, group)).toBe(group);
    expect(systemEvents(person, group).map(({ event }) => event)).not.toContain('group-moved');
  }
});

test('E20: who was away follows when he is back, with what he wrote meanwhile; what is late is read where it goes on', async () => {
  const group = await groupOfAll('Four', [bert, cora, mallory]);
  await allTalk(group, [anna, bert, cora, mallory], 'before');
  cora.engine().stop();
  await cora.say(group, 'written on the train');
  // Bert does not hear of the move at first, and writes where it was.
  deafen('bert');
  await lock(mallory, group);
  await removeWhenBlocked(anna, group, m);
  await bert.say(group, 'in the old place');
  await anna.until('the late text', () => anna.texts(group).includes('in the old place'));
  back(bert);
  await bert.until('three', () => membersOf(bert, group).length === 3);
  await allTalk(group, [anna, bert], 'between');
  cora.engine().start();
  for (const person of [anna, bert]) await person.until('her text', () => person.texts(group).includes('written on the train'));
  await cora.until('all of it', () =>
    ['in the old place', 'between, by anna', 'between, by bert'].every((text) => cora.texts(group).includes(text)),
  );
  await allTalk(group, [cora, anna, bert], 'together');
  for (const person of [anna, bert, cora]) {
    expect(membersOf(person, group)).toEqual(idsOf(anna, bert, cora));
    expect(currentGroup(person, group)).toBe(currentGroup(anna, group));
    expect(person.conversations().filter(({ kind }) => kind === 'group')).toHaveLength(1);
    expect(person.texts(group).filter((text) => text === 'written on the train')).toHaveLength(1);
  }
  expect(mallory.texts(group)).not.toContain('written on the train');
});

test.each(['anna', 'bert'])(
  'E20: two admins who move it at once end in one group, %s’s, and who either of them removed is out',
  async (winner) => {
    const group = await groupOfAll('Four', [bert, cora, mallory]);
    await anna.messenger.setRole(group, b, 'admin');
    await bert.until('admin', () => bert.conversation(group)?.myRole === 'admin');
    await allTalk(group, [anna, bert, cora, mallory], 'before');
    await lock(mallory, group);
    // Neither hears of the other's before his own is made.
    for (const name of ['anna', 'bert']) deafen(name);
    firstByte.set(winner, 0x00).set(winner === 'anna' ? 'bert' : 'anna', 0xff);
    const renaming = bert.messenger.renameGroup(group, 'Renamed');
    await clockOf('bert').patience();
    clockOf('bert').advance(PATIENCE_MS);
    await Promise.all([removeWhenBlocked(anna, group, m), renaming]);
    for (const person of [anna, bert]) expect(currentGroup(person, group)).not.toBe(group);
    expect(currentGroup(anna, group)).not.toBe(currentGroup(bert, group));
    firstByte.clear();
    const lower = currentGroup(winner === 'anna' ? anna : bert, group);
    for (const person of [anna, bert]) back(person);
    for (const person of [anna, bert, cora]) {
      await person.until('one group', () => currentGroup(person, group) === lower);
      await person.until('three', () => membersOf(person, group).length === 3);
    }
    await allTalk(group, [cora, bert, anna], 'after');
    for (const person of [anna, bert, cora]) {
      expect(membersOf(person, group)).toEqual(idsOf(anna, bert, cora));
      expect(person.conversations().filter(({ kind }) => kind === 'group')).toHaveLength(1);
      expect(currentGroup(person, group)).toBe(lower);
    }
  },
);
