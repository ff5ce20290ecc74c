/** A plain member who opens one epoch must not be able to keep everybody who is added later from reading the log (G11, G13, G19). */
import { beforeAll, describe, expect, test } from 'vitest';
import {
  applyGroupEntry,
  applyLogSlot,
  type Bytes,
  compareHead,
  deriveEpochKeys,
  type EpochLogKey,
  encodeGroupState,
  epochCommitment,
  type GroupOperation,
  type GroupState,
  type RandomBytes,
  recoverEpochs,
  sealLogEntry,
  signGroupOperation,
} from '../../crypto/index.ts';
import type { TestAccount } from '../support/accounts.ts';
import { authorOf, makeAccounts, OPEN_POLICY, record } from '../support/groups.ts';
import { seededRandom } from '../support/seeded-random.ts';

type Cast = [TestAccount, TestAccount, TestAccount, TestAccount];
let cast: Cast;
beforeAll(async () => {
  cast = (await makeAccounts(4, seededRandom('poison cast'))) as Cast;
});

type Epoch = { log: Bytes; commitment: Bytes };
/** As `client/messenger/groups/replay.ts` keeps it: every epoch secret a member holds has its commitment beside it. */
type Member = { groupId: Bytes; random: RandomBytes; state: GroupState; slots: Bytes[]; epochs: Map<number, Epoch> };

async function epochOf(groupId: Bytes, epoch: number, secret: Bytes): Promise<Epoch> {
  return { log: (await deriveEpochKeys(secret, groupId, epoch)).log, commitment: epochCommitment(secret, groupId, epoch) };
}

async function founded(seed: string): Promise<Member> {
  const random = seededRandom(seed);
  const groupId = random(32);
  const first = await epochOf(groupId, 1, random(32));
  const create: GroupOperation = {
    type: 'create',
    name: 'Choir',
    policy: OPEN_POLICY,
    members: cast.slice(0, 3).map(record),
    commitment: first.commitment,
  };
  const entry = await signGroupOperation(authorOf(cast[0]), groupId, null, create, random);
  const { state } = await applyGroupEntry(null, entry);
  return {
    groupId,
    random,
    state,
    slots: [await sealLogEntry(first.log, groupId, 1, 0, entry, null, random)],
    epochs: new Map([[1, first]]),
  };
}

async function take(member: Member, sealed: Bytes): Promise<boolean> {
  const keysOf = (epoch: number): EpochLogKey[] => {
    const known = member.epochs.get(epoch);
    return known ? [{ ...known, confirmed: epoch <= member.state.epoch }] : [];
  };
  const result = await applyLogSlot(member.state, member.groupId, sealed, keysOf);
  if (!result) throw new Error('not judged');
  member.slots.push(sealed);
  member.state = result.state;
  return result.applied !== null;
}

const sign = (member: Member, author: TestAccount, operation: GroupOperation) =>
  signGroupOperation(authorOf(author), member.groupId, member.state, operation, member.random);

async function post(member: Member, author: TestAccount, operation: GroupOperation): Promise<boolean> {
  const { groupId, random, state, epochs } = member;
  const { log } = epochs.get(state.epoch) as Epoch;
  return take(member, await sealLogEntry(log, groupId, state.epoch, state.version, await sign(member, author, operation), null, random));
}

/** An honest rotation by whom it may be. */
async function rotate(member: Member, author: TestAccount, epoch?: Epoch): Promise<boolean> {
  const { groupId, random, state, epochs } = member;
  const next = epoch ?? (await epochOf(groupId, state.epoch + 1, random(32)));
  epochs.set(state.epoch + 1, next);
  const entry = await sign(member, author, { type: 'rotate', commitment: next.commitment });
  const previous = (epochs.get(state.epoch) as Epoch).log;
  return take(member, await sealLogEntry(next.log, groupId, state.epoch + 1, state.version, entry, previous, random));
}

/** What `client/messenger/groups/sync.ts` does with a welcome: (epoch, secret, head) and the slots of the relay. */
async function newcomer(member: Member): Promise<GroupState> {
  const { groupId, slots, state: theirs, epochs } = member;
  const own = epochs.get(theirs.epoch) as Epoch;
  const found = await recoverEpochs(groupId, slots, theirs.epoch, own.log, theirs.headHash);
  let state: GroupState | null = null;
  for (const sealed of slots) {
    const next = await applyLogSlot(state, groupId, sealed, (epoch) => {
      const known = found.get(epoch);
      return known ? [{ ...known, confirmed: true }] : [];
    });
    if (!next) throw new Error('not judged');
    state = next.state;
  }
  return state as GroupState;
}

describe('G13 what one member left in the log', () => {
  test('a slot sealed under the true key of an epoch, with a commitment to another secret: old and new members agree', async () => {
    const group = await founded('other secret');
    const { groupId, random } = group;
    const mallory = cast[2];
    // Mallory, a plain member, opens epoch 2. He has told everybody its secret before; it is the true one.
    const two = await epochOf(groupId, 2, random(32));
    group.epochs.set(2, two);
    const previous = (group.epochs.get(1) as Epoch).log;
    const lie = await sign(group, mallory, { type: 'rotate', commitment: random(32) });
    const sealed = await sealLogEntry(two.log, groupId, 2, group.state.version, lie, previous, random);
    // Who knows the secret sees that the entry does not commit to it.
    expect(await take(group, sealed)).toBe(false);
    expect(await rotate(group, mallory, two)).toBe(true);
    // He is thrown out, the epoch is over, and somebody is added.
    expect(await rotate(group, cast[0])).toBe(true);
    expect(await post(group, cast[0], { type: 'add', members: [record(cast[3])] })).toBe(true);
    const state = await newcomer(group);
    expect(compareHead(state, group.state.version, group.state.headHash)).toBe('same');
    expect(encodeGroupState(state)).toEqual(encodeGroupState(group.state));
  });

  test('a false way back from an epoch, laid before the true one, does not lead newcomers astray', async () => {
    const group = await founded('false way');
    const { groupId, random } = group;
    const mallory = cast[2];
    const falseKey = random(32);
    const two = await epochOf(groupId, 2, random(32));
    group.epochs.set(2, two);
    // Something that opens under the false key where epoch 1 is expected, and a slot of epoch 2 that names the false key.
    expect(await take(group, await sealLogEntry(falseKey, groupId, 1, group.state.version, random(8), null, random))).toBe(false);
    expect(await take(group, await sealLogEntry(two.log, groupId, 2, group.state.version, random(8), falseKey, random))).toBe(false);
    expect(await rotate(group, mallory, two)).toBe(true);
    expect(await rotate(group, cast[0])).toBe(true);
    expect(await post(group, cast[0], { type: 'add', members: [record(cast[3])] })).toBe(true);
    const state = await newcomer(group);
    expect(encodeGroupState(state)).toEqual(encodeGroupState(group.state));
  });
});
