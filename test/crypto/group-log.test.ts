import fc from 'fast-check';
import { beforeAll, describe, expect, test } from 'vitest';
import {
  applyGroupEntry,
  applyLogSlot,
  type Bytes,
  compareHead,
  concat,
  deriveEpochKeys,
  type EpochLogKey,
  encodeGroupState,
  epochCommitment,
  type GroupOperation,
  type GroupState,
  KIND,
  LABEL,
  openLogEntry,
  peekLogEntryEpoch,
  type RandomBytes,
  ROLES,
  type Role,
  recoverEpochs,
  sealLogEntry,
  sealRecord,
  signGroupOperation,
  verifyMoved,
} from '../../crypto/index.ts';
import type { TestAccount } from '../support/accounts.ts';
import { append, authorOf, keyring, makeAccounts, makeGroup, OPEN_POLICY, record, replay } from '../support/groups.ts';
import { refusal } from '../support/refusal.ts';
import { seededRandom } from '../support/seeded-random.ts';

type Cast = [TestAccount, TestAccount, TestAccount, TestAccount];

let cast: Cast;

beforeAll(async () => {
  cast = (await makeAccounts(4, seededRandom('log cast'))) as Cast;
});

/** A group with its sealed log and the true keys of every epoch, as a member of the first day holds them. */
type SealedGroup = { groupId: Bytes; random: RandomBytes; state: GroupState; slots: Bytes[]; keys: Map<number, Bytes> };

async function freshEpoch(groupId: Bytes, epoch: number, random: RandomBytes): Promise<{ commitment: Bytes; log: Bytes }> {
  const secret = random(32);
  return { commitment: epochCommitment(secret, groupId, epoch), log: (await deriveEpochKeys(secret, groupId, epoch)).log };
}

async function sealedGroup(seed: string, people: TestAccount[] = cast.slice(0, 3)): Promise<SealedGroup> {
  const random = seededRandom(seed);
  const groupId = random(32);
  const { commitment, log } = await freshEpoch(groupId, 1, random);
  const create: GroupOperation = { type: 'create', name: 'Choir', policy: OPEN_POLICY, members: people.map(record), commitment };
  const entry = await signGroupOperation(authorOf(cast[0]), groupId, null, create, random);
  const slots = [await sealLogEntry(log, groupId, 1, 0, entry, null, random)];
  const { state } = await applyGroupEntry(null, entry);
  return { groupId, random, state, slots, keys: new Map([[1, log]]) };
}

/** Signs and seals as the rules say, applies at the founder's replica. */
async function post(group: SealedGroup, author: TestAccount, plan: GroupOperation): Promise<void> {
  const opens = plan.type === 'remove' || plan.type === 'rotate';
  const epoch = group.state.epoch + (opens ? 1 : 0);
  let operation = plan;
  if (opens) {
    const { commitment, log } = await freshEpoch(group.groupId, epoch, group.random);
    operation = { ...plan, commitment };
    group.keys.set(epoch, log);
  }
  const entry = await signGroupOperation(authorOf(author), group.groupId, group.state, operation, group.random);
  const previous = opens ? (group.keys.get(epoch - 1) as Bytes) : null;
  await take(
    group,
    await sealLogEntry(group.keys.get(epoch) as Bytes, group.groupId, epoch, group.state.version, entry, previous, group.random),
  );
}

async function take(group: SealedGroup, sealed: Bytes): Promise<boolean> {
  const result = await applyLogSlot(group.state, group.groupId, sealed, keyring(group.keys));
  if (!result) throw new Error('the founder holds every key');
  group.slots.push(sealed);
  group.state = result.state;
  return result.applied !== null;
}

async function newcomer(group: SealedGroup): Promise<GroupState> {
  const { epoch, headHash } = group.state;
  const epochs = await recoverEpochs(group.groupId, group.slots, epoch, group.keys.get(epoch) as Bytes, headHash);
  const confirmed = (at: number) => [epochs.get(at)].flatMap((known) => (known ? [{ ...known, confirmed: true }] : []));
  let state: GroupState | null = null;
  for (const sealed of group.slots) {
    const result = await applyLogSlot(state, group.groupId, sealed, confirmed);
    if (!result) throw new Error('a newcomer can judge every slot');
    state = result.state;
  }
  return state as GroupState;
}

const commitment = new Uint8Array(32);

describe('G12 a sealed slot', () => {
  test('opens in its place only: not in another group, slot or epoch, nor under another key', async () => {
    const group = await sealedGroup('place');
    const { groupId, keys } = group;
    const log = keys.get(1) as Bytes;
    const sealed = group.slots[0] as Bytes;
    expect(peekLogEntryEpoch(sealed)).toBe(1);
    expect((await openLogEntry(log, groupId, 0, sealed)).previousLogKey).toBeNull();
    expect(await refusal(() => openLogEntry(log, groupId, 1, sealed))).toBe('bad-mac');
    expect(await refusal(() => openLogEntry(log, group.random(32), 0, sealed))).toBe('bad-mac');
    expect(await refusal(() => openLogEntry(group.random(32), groupId, 0, sealed))).toBe('bad-mac');
    const otherEpoch = sealed.slice();
    otherEpoch[4] = 2;
    expect(await refusal(() => openLogEntry(log, groupId, 0, otherEpoch))).toBe('bad-mac');
  });

  test('shows neither name nor members, and its size is a power of two', async () => {
    const group = await sealedGroup('sizes');
    const log = group.keys.get(1) as Bytes;
    const sizes: number[] = [];
    for (const length of [0, 200, 422, 423, 1_000, 262_086]) {
      const sealed = await sealLogEntry(log, group.groupId, 1, 0, new Uint8Array(length), null, group.random);
      expect((await openLogEntry(log, group.groupId, 0, sealed)).entry.length).toBe(length);
      sizes.push(sealed.length);
    }
    expect(sizes).toEqual([512, 512, 512, 512, 2_048, 262_144]);
    const tooLong = new Uint8Array(262_087);
    expect(await refusal(() => sealLogEntry(log, group.groupId, 1, 0, tooLong, null, group.random))).toBe('too-large');
    const text = Buffer.from(group.slots[0] as Bytes).toString('latin1');
    expect(text).not.toContain('Choir');
    expect(text).not.toContain(Buffer.from(cast[0].identity.publicKey).toString('latin1'));
  });

  test('has one form: no other padding, no other size, even from who holds the key', async () => {
    const { groupId, keys, random } = await sealedGroup('padding');
    const log = keys.get(1) as Bytes;
    // version 1, epoch 1; aad: version 1, group id, epoch 1, slot 0; plaintext: an entry of 3 bytes, no previous key, zeros.
    const head = Uint8Array.of(1, 0, 0, 0, 1);
    const aad = concat(Uint8Array.of(1), groupId, Uint8Array.of(0, 0, 0, 1, 0, 0, 0, 0));
    const content = Uint8Array.of(0, 0, 0, 3, 7, 7, 7, 0);
    const open = async (padding: Bytes) => {
      const sealed = await sealRecord(log, LABEL.groupLog, KIND.groupLog, aad, concat(content, padding), random);
      return openLogEntry(log, groupId, 0, concat(head, sealed));
    };
    const zeros = new Uint8Array(512 - 5 - 48 - content.length);
    expect((await open(zeros)).entry).toEqual(Uint8Array.of(7, 7, 7));
    expect(await refusal(() => open(concat(zeros.slice(1), Uint8Array.of(1))))).toBe('malformed');
    expect(await refusal(() => open(zeros.slice(1)))).toBe('malformed');
    expect(await refusal(() => open(concat(zeros, new Uint8Array(512))))).toBe('malformed');
  });

  test('every change of a byte makes it a skipped slot', async () => {
    const group = await sealedGroup('bytes');
    const before = encodeGroupState(group.state);
    const entry = await signGroupOperation(authorOf(cast[0]), group.groupId, group.state, { type: 'rename', name: 'New' }, group.random);
    const sealed = await sealLogEntry(group.keys.get(1) as Bytes, group.groupId, 1, 1, entry, null, group.random);
    const openAll = (epoch: number): readonly EpochLogKey[] => [{ log: group.keys.get(1) as Bytes, confirmed: epoch > 0 }];
    await fc.assert(
      fc.asyncProperty(fc.nat(sealed.length - 1), fc.integer({ min: 1, max: 255 }), async (at, change) => {
        const changed = sealed.slice();
        changed[at] = (changed[at] as number) ^ change;
        const result = await applyLogSlot(group.state, group.groupId, changed, openAll);
        expect(result?.applied).toBeNull();
        expect(result?.state).toEqual({ ...group.state, version: 2 });
      }),
      { seed: 3, numRuns: 200 },
    );
    expect(encodeGroupState(group.state)).toEqual(before);
    expect(await take(group, sealed)).toBe(true);
  });
});

describe('G13 replay', () => {
  test('a newcomer with the newest epoch key alone reads back to the beginning and stands where the others stand', async () => {
    const group = await sealedGroup('newcomer');
    await post(group, cast[1], { type: 'rotate', commitment });
    await post(group, cast[0], { type: 'rename', name: 'Duo' });
    await post(group, cast[0], { type: 'remove', accountId: cast[2].accountId, commitment });
    await take(group, group.random(512));
    await post(group, cast[1], { type: 'rotate', commitment });
    await post(group, cast[0], { type: 'add', members: [record(cast[3])] });
    const state = await newcomer(group);
    expect(encodeGroupState(state)).toEqual(encodeGroupState(group.state));
    expect(compareHead(state, group.state.version, group.state.headHash)).toBe('same');
  });

  test('the sealing must agree with the entry, or the slot is skipped', async () => {
    const group = await sealedGroup('contradiction');
    const log = group.keys.get(1) as Bytes;
    const next = await freshEpoch(group.groupId, 2, group.random);
    group.keys.set(2, next.log);
    const { groupId, random } = group;
    const sign = (operation: GroupOperation) => signGroupOperation(authorOf(cast[0]), groupId, group.state, operation, random);
    const rotate = () => sign({ type: 'rotate', commitment: next.commitment });
    const slot = () => group.state.version;
    const wrong = [
      async () => sealLogEntry(log, groupId, 1, slot(), await rotate(), null, random),
      async () => sealLogEntry(next.log, groupId, 2, slot(), await rotate(), null, random),
      async () => sealLogEntry(next.log, groupId, 2, slot(), await rotate(), random(32), random),
      async () => sealLogEntry(next.log, groupId, 2, slot(), await sign({ type: 'rename', name: 'X' }), log, random),
      async () => sealLogEntry(log, groupId, 1, slot(), await sign({ type: 'rename', name: 'X' }), log, random),
      async () => sealLogEntry(log, groupId, 3, slot(), await sign({ type: 'rename', name: 'X' }), null, random),
    ];
    for (const make of wrong) expect(await take(group, await make())).toBe(false);
    expect(group.state).toMatchObject({ epoch: 1, name: 'Choir', version: 1 + wrong.length });
    expect(await take(group, await sealLogEntry(next.log, groupId, 2, slot(), await rotate(), log, random))).toBe(true);
    // The third wrong slot opens under the true key of epoch 2 and comes first: no hash leads through it.
    expect(encodeGroupState(await newcomer(group))).toEqual(encodeGroupState(group.state));
  });

  test('a wrong secret from some member makes nobody skip a good slot; a secret the entry does not commit to does', async () => {
    const group = await sealedGroup('candidates');
    const { groupId, random, state } = group;
    const log = group.keys.get(1) as Bytes;
    const good = await freshEpoch(groupId, 2, random);
    const entry = await signGroupOperation(authorOf(cast[1]), groupId, state, { type: 'rotate', commitment: good.commitment }, random);
    const sealed = await sealLogEntry(good.log, groupId, 2, 1, entry, log, random);
    const keysWith =
      (...candidates: EpochLogKey[]) =>
      (epoch: number): readonly EpochLogKey[] =>
        epoch === 1 ? [{ log, confirmed: true }] : candidates;
    const bogus = { ...(await freshEpoch(groupId, 2, random)), confirmed: false };
    const candidate = { ...good, confirmed: false };
    expect(await applyLogSlot(state, groupId, sealed, keysWith())).toBeNull();
    expect(await applyLogSlot(state, groupId, sealed, keysWith(bogus))).toBeNull();
    const opened = await applyLogSlot(state, groupId, sealed, keysWith(bogus, candidate));
    expect(opened?.applied?.type).toBe('rotate');
    expect(opened?.key).toBe(candidate);
    const uncommitted = await applyLogSlot(state, groupId, sealed, keysWith({ ...candidate, commitment: random(32) }));
    expect(uncommitted?.applied).toBeNull();
  });

  test('removed-cannot-read: the removed member opens neither his removal nor anything after', async () => {
    const group = await sealedGroup('removed');
    const before = { slots: group.slots.length, keys: new Map(group.keys) };
    await post(group, cast[0], { type: 'remove', accountId: cast[2].accountId, commitment });
    await post(group, cast[0], { type: 'rename', name: 'Without Carol' });
    for (const [slot, sealed] of group.slots.entries()) {
      for (const key of before.keys.values()) {
        const code = await refusal(() => openLogEntry(key, group.groupId, slot, sealed));
        expect(code).toBe(slot < before.slots ? null : 'bad-mac');
      }
    }
    const result = await applyLogSlot(await newcomerAt(group, before), group.groupId, group.slots[1] as Bytes, keyring(before.keys));
    expect(result).toBeNull();
  });
});

async function newcomerAt(group: SealedGroup, at: { slots: number; keys: Map<number, Bytes> }): Promise<GroupState> {
  let state: GroupState | null = null;
  for (const sealed of group.slots.slice(0, at.slots)) {
    state = (await applyLogSlot(state, group.groupId, sealed, keyring(at.keys)))?.state ?? null;
  }
  return state as GroupState;
}

describe('G19 log-jam', () => {
  test('garbage fills slots and stops nobody: the next entry names the last valid one', async () => {
    const group = await sealedGroup('garbage');
    const head = group.state.headHash;
    for (const length of [0, 1, 5, 512, 600, 4_096]) expect(await take(group, group.random(length))).toBe(false);
    const oneByte = Uint8Array.of(1, 0, 0, 0, 1);
    expect(await take(group, concat(oneByte, group.random(507)))).toBe(false);
    expect(group.state.headHash).toEqual(head);
    await post(group, cast[1], { type: 'rotate', commitment });
    expect(group.state.epoch).toBe(2);
    expect(encodeGroupState(await newcomer(group))).toEqual(encodeGroupState(group.state));
  });

  test('an epoch whose secret is withheld stops the log, and an admin’s moved leaves it', async () => {
    const group = await sealedGroup('withheld');
    const { groupId, random, state } = group;
    const secret = await freshEpoch(groupId, 2, random);
    const entry = await signGroupOperation(authorOf(cast[2]), groupId, state, { type: 'rotate', commitment: secret.commitment }, random);
    const sealed = await sealLogEntry(secret.log, groupId, 2, 1, entry, group.keys.get(1) as Bytes, random);
    expect(await applyLogSlot(state, groupId, sealed, keyring(group.keys))).toBeNull();
    const newGroupId = random(32);
    const moved = await signGroupOperation(authorOf(cast[0]), groupId, state, { type: 'moved', newGroupId }, random);
    expect(await verifyMoved(state, moved)).toEqual({ newGroupId, author: cast[0].accountId });
    const byMember = await refusal(() => signGroupOperation(authorOf(cast[2]), groupId, state, { type: 'moved', newGroupId }, random));
    expect(byMember).toBe('not-allowed');
  });

  test('a first slot that founds nothing is refused with a code', async () => {
    const group = await sealedGroup('first');
    for (const sealed of [new Uint8Array(0), group.random(512), concat(Uint8Array.of(1, 0, 0, 0, 1), group.random(507))]) {
      expect(await refusal(() => applyLogSlot(null, group.groupId, sealed, keyring(group.keys)))).not.toBeNull();
    }
  });
});

const arbitraryRole = fc.constantFrom(...ROLES);
const person = fc.nat(3);
const arbitraryPlan = fc.oneof(
  fc.record({ type: fc.constant('add' as const), who: person }),
  fc.record({ type: fc.constant('remove' as const), who: person }),
  fc.record({ type: fc.constant('leave' as const) }),
  fc.record({ type: fc.constant('setRole' as const), who: person, role: arbitraryRole }),
  fc.record({ type: fc.constant('rename' as const), name: fc.constantFrom('A', 'B', 'C') }),
  fc.record({ type: fc.constant('policy' as const), policy: fc.record({ add: arbitraryRole, edit: arbitraryRole, post: arbitraryRole }) }),
  fc.record({ type: fc.constant('rotate' as const) }),
);
type Plan = typeof arbitraryPlan extends fc.Arbitrary<infer T> ? T : never;

function operationOf(plan: Plan, random: RandomBytes): GroupOperation {
  const someone = (who: number) => cast[who as 0 | 1 | 2 | 3];
  if (plan.type === 'add') return { type: 'add', members: [record(someone(plan.who))] };
  if (plan.type === 'remove') return { type: 'remove', accountId: someone(plan.who).accountId, commitment: random(32) };
  if (plan.type === 'setRole') return { type: 'setRole', accountId: someone(plan.who).accountId, role: plan.role };
  if (plan.type === 'rotate') return { type: 'rotate', commitment: random(32) };
  return plan;
}

/** Everybody is an admin here, but who is to be added: what lets a test sign an entry that the true state may refuse. */
function permissive(state: GroupState, plan: Plan): GroupState {
  const members = new Map(cast.map((who) => [who.accountId, { ...memberOf(who), joinedEpoch: 1 }]));
  if (plan.type === 'add') members.delete(cast[plan.who as 0 | 1 | 2 | 3].accountId);
  if (plan.type === 'setRole') (members.get(cast[plan.who as 0 | 1 | 2 | 3].accountId) as { role: Role }).role = otherRole(plan.role);
  return { ...state, members };
}

function otherRole(role: Role): Role {
  return role === 'admin' ? 'member' : 'admin';
}

function memberOf(who: TestAccount) {
  const { identity, accountKey, genesisBytes } = who;
  return {
    role: 'admin' as Role,
    identityKey: identity.publicKey,
    accountKey: accountKey.publicKey,
    genesis: genesisBytes,
    rotations: [],
  };
}

describe('G11 validity is a pure function of earlier entries', () => {
  test('random operations by random authors, valid or not, whole or damaged: replicas agree, rules hold', async () => {
    const damaged = fc.record({ at: fc.nat(), change: fc.integer({ min: 1, max: 255 }) });
    const step = fc.record({
      plan: arbitraryPlan,
      author: fc.oneof(fc.constant(0), person),
      damage: fc.oneof({ weight: 4, arbitrary: fc.constant(null) }, { weight: 1, arbitrary: damaged }),
    });
    const seen = new Set<string>();
    await fc.assert(
      fc.asyncProperty(fc.array(step, { minLength: 5, maxLength: 14 }), async (steps) => {
        const random = seededRandom('property');
        const group = await makeGroup(cast.slice(0, 3), random);
        for (const { plan, author, damage } of steps) {
          const operation = operationOf(plan, random);
          const signer = authorOf(cast[author as 0 | 1 | 2 | 3]);
          const signed = await signGroupOperation(signer, group.groupId, permissive(group.state, plan), operation, random).catch(
            () => null,
          );
          const entry = signed ?? random(200);
          if (damage) entry[damage.at % entry.length] = (entry[damage.at % entry.length] as number) ^ damage.change;
          const before = group.state;
          const kept = encodeGroupState(before);
          const applied = await append(group, entry);
          seen.add(`${plan.type} ${applied}`);
          expect(encodeGroupState(before)).toEqual(kept);
          if (damage || !signed) expect(applied).toBe(false);
          if (!applied) expect(group.state).toEqual({ ...before, version: before.version + 1 });
          const roles = [...group.state.members.values()].map((member) => member.role);
          expect(roles.length === 0 || roles.includes('admin')).toBe(true);
          expect(group.state.epoch - before.epoch).toBe(applied && (plan.type === 'rotate' || plan.type === 'remove') ? 1 : 0);
        }
        expect(encodeGroupState(await replay(group.entries))).toEqual(encodeGroupState(group.state));
      }),
      { seed: 11, numRuns: 40 },
    );
    // The seed reaches every operation both ways.
    const types = ['add', 'leave', 'policy', 'remove', 'rename', 'rotate', 'setRole'];
    expect([...seen].sort()).toEqual(types.flatMap((type) => [`${type} false`, `${type} true`]));
  }, 60_000);
});
