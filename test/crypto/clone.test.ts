import { beforeAll, expect, test } from 'vitest';
import { nodePrimitives } from '../../client/adapters/node-primitives.ts';
import { type Bytes, installPrimitives, peekFirst } from '../../crypto/index.ts';
import { recordsOf } from '../../crypto/session/session.ts';
import { seededRandom } from '../support/seeded-random.ts';
import { makePair, makeParty, openSession, type Party, receive, refused, send, start } from '../support/session-party.ts';

beforeAll(() => installPrimitives(nodePrimitives));

/** Everything the device keeps, copied; from here on with randomness of its own. */
function cloned(party: Party, seed: string): Party {
  return {
    ...party,
    random: seededRandom(seed),
    signedPrekeys: new Map(party.signedPrekeys),
    oneTimePrekeys: new Map(party.oneTimePrekeys),
    sessions: new Map(party.sessions),
    known: new Set(party.known),
  };
}

async function turn(one: Party, other: Party): Promise<void> {
  await receive(other, one, await send(one, other, 'ping'));
  await receive(one, other, await send(other, one, 'pong'));
}

test('S3 clone-resume: a copy of a device reads on until both have turned the ratchet, and not a message after', async () => {
  const { alice, bob } = await makePair(seededRandom('clone'));
  const thief = cloned(bob, 'thief');
  const before = await send(alice, bob, 'before the turn');
  expect(await receive(thief, alice, before)).toBe('before the turn');
  expect(await receive(bob, alice, before)).toBe('before the turn');
  // Bob's next message brings a key that only Bob has made; Alice's answer is sealed under it.
  await receive(alice, bob, await send(bob, alice, 'turn'));
  for (let turn = 0; turn < 4; turn++) {
    const after = await send(alice, bob, `after ${turn}`);
    expect(await refused(thief, alice, after)).toBe('bad-mac');
    expect(await receive(bob, alice, after)).toBe(`after ${turn}`);
    await receive(alice, bob, await send(bob, alice, `turn ${turn}`));
  }
});

test('S3 clone-resume: what the copy writes after the true device has turned is refused and disturbs nothing', async () => {
  const { alice, bob } = await makePair(seededRandom('clone writes'));
  const thief = cloned(bob, 'thief');
  await receive(bob, alice, await send(alice, bob, 'one'));
  await receive(alice, bob, await send(bob, alice, 'two'));
  await receive(bob, alice, await send(alice, bob, 'three'));
  await receive(alice, bob, await send(bob, alice, 'four'));
  // In the chain of the copied state everything was read or closed.
  const stale = await send(thief, alice, 'I am Bob');
  expect(await refused(alice, bob, stale)).not.toBeNull();
  expect(await receive(alice, bob, await send(bob, alice, 'five'))).toBe('five');
  expect(await receive(bob, alice, await send(alice, bob, 'six'))).toBe('six');
});

test('S3 clone-resume: a device put back to an older state is refused where it repeats itself, and a fresh session heals it', async () => {
  const { alice, bob } = await makePair(seededRandom('rollback'));
  const old = cloned(bob, 'old');
  await receive(alice, bob, await send(bob, alice, 'sent before the rollback'));
  // The same message key again: to Alice a duplicate, whatever it says.
  expect(await refused(alice, bob, await send(old, alice, 'sent after it'))).toBe('duplicate');
  await start(old, alice);
  expect(await receive(alice, old, await send(old, alice, 'healed'))).toBe('healed');
  expect(await receive(old, alice, await send(alice, old, 'indeed'))).toBe('indeed');
});

test('S3 clone-resume: the other way round the device finds out: it is refused, and a fresh session shuts the clone out', async () => {
  const { alice, bob } = await makePair(seededRandom('clone first'));
  await receive(bob, alice, await send(alice, bob, 'a turn'));
  const clone = cloned(alice, 'clone');
  const recorded = await send(bob, alice, 'read by both');
  await receive(alice, bob, recorded);
  await receive(clone, bob, recorded);
  await receive(bob, alice, await send(clone, bob, 'the clone steps'));
  // What an engine answers with a resend request over a session of its own (E10).
  expect(await refused(bob, alice, await send(alice, bob, 'the device steps'))).toBe('bad-mac');
  await start(bob, alice, 2);
  await receive(alice, bob, await send(bob, alice, 'a fresh start'));
  await turn(alice, bob);
  expect(await refused(clone, bob, await send(bob, alice, 'for Alice alone'))).not.toBeNull();
});

test('S3 clone-resume: a session left behind is read as late and never written in again, whoever makes a step in it', async () => {
  const { alice, bob } = await makePair(seededRandom('left behind'));
  await receive(bob, alice, await send(alice, bob, 'a turn'));
  const recorded = await send(bob, alice, 'not read before the copy');
  const clone = cloned(alice, 'clone');
  await start(alice, bob, 2);
  await turn(alice, bob);
  expect(await receive(clone, bob, recorded)).toBe('not read before the copy');
  // A new ratchet key in the old session, which Bob's state there fits.
  expect(await receive(bob, alice, await send(clone, bob, 'as if late'))).toBe('as if late');
  expect(await refused(clone, bob, await send(bob, alice, 'for Alice alone'))).toBe('bad-mac');
  await turn(alice, bob);
  expect(await refused(clone, bob, await send(bob, alice, 'for Alice alone'))).toBe('bad-mac');
});

test('S3 clone-resume: nor does a late answer call back what its receiver has left behind', async () => {
  const random = seededRandom('late answer');
  const [alice, bob] = [await makeParty(random), await makeParty(random)];
  await start(alice, bob, 1);
  await receive(bob, alice, await send(alice, bob, 'hello'));
  const clone = cloned(bob, 'clone');
  const late = await send(clone, alice, 'an answer by the clone');
  await start(alice, bob, 2);
  expect(await receive(alice, bob, late)).toBe('an answer by the clone');
  expect(peekFirst(await send(alice, bob, 'still first'))?.oneTimePrekeyId).toBe(2);
});

test.each(['crossing 1', 'crossing 2', 'crossing 3', 'crossing 4'])('S3: starts that cross settle on one session, %s', async (seed) => {
  const random = seededRandom(seed);
  const [alice, bob] = [await makeParty(random), await makeParty(random)];
  await start(alice, bob);
  await start(bob, alice);
  const [a, b] = [await send(alice, bob, 'a'), await send(bob, alice, 'b')];
  await receive(bob, alice, a);
  await receive(alice, bob, b);
  // The answers cross as well.
  const [c, d] = [await send(alice, bob, 'c'), await send(bob, alice, 'd')];
  await receive(bob, alice, c);
  await receive(alice, bob, d);
  const open = () =>
    [alice, bob].map((party) => recordsOf(openSession(party, party === alice ? bob : alice), (party === alice ? bob : alice).address)[0]);
  const baseKeys = open().map((record) => record?.subarray(0, 32));
  expect(baseKeys[0]).toEqual(baseKeys[1]);
  await turn(alice, bob);
  await turn(bob, alice);
});

test('S3: however starts and messages cross, the two end in one session when each direction keeps its order', async () => {
  for (let seed = 0; seed < 40; seed++) {
    const random = seededRandom(`settle ${seed}`);
    const pick = (below: number): number => (random(1)[0] as number) % below;
    const parties = [await makeParty(random, 0), await makeParty(random, 0)] as const;
    const waiting: [Bytes[], Bytes[]] = [[], []];
    const deliver = async (from: 0 | 1): Promise<void> => {
      const message = waiting[from].shift();
      if (message) await receive(parties[from === 0 ? 1 : 0], parties[from], message);
    };
    for (let i = 0; i < 40; i++) {
      const from = pick(2) as 0 | 1;
      const to = parties[from === 0 ? 1 : 0];
      if (pick(2) === 0) await deliver(from);
      else {
        if (pick(5) === 0 || parties[from].sessions.size === 0) await start(parties[from], to);
        waiting[from].push(await send(parties[from], to, 'text'));
      }
    }
    for (const from of [0, 1] as const) while (waiting[from].length > 0) await deliver(from);
    for (const [one, other] of [parties, parties.toReversed() as [Party, Party], parties] as const) {
      if (one.sessions.size > 0) await receive(other, one, await send(one, other, 'after all'));
    }
    const [a, b] = parties;
    const baseKeyOf = (one: Party, other: Party) => recordsOf(openSession(one, other), other.address)[0]?.subarray(0, 32);
    expect(baseKeyOf(a, b), `seed ${seed}`).toEqual(baseKeyOf(b, a));
  }
});
