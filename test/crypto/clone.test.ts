import { beforeAll, expect, test } from 'vitest';
import { nodePrimitives } from '../../client/adapters/node-primitives.ts';
import { installPrimitives } from '../../crypto/index.ts';
import { seededRandom } from '../support/seeded-random.ts';
import { makePair, type Party, receive, refused, send, start } from '../support/session-party.ts';

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
