import fc from 'fast-check';
import { beforeAll, describe, expect, test } from 'vitest';
import {
  accountIdFromBytes,
  type Bytes,
  canDo,
  compareHead,
  encodeGroupState,
  type GroupOperation,
  type GroupState,
  generateKeyPair,
  mayPost,
  parseGroupState,
  signGroupOperation,
  signIdentityRotation,
  verifyMoved,
  wasMember,
} from '../../crypto/index.ts';
import type { TestAccount } from '../support/accounts.ts';
import { append, authorOf, makeAccounts, makeGroup, OPEN_POLICY, perform, record, replay, type TestGroup } from '../support/groups.ts';
import { refusal } from '../support/refusal.ts';
import { seededRandom } from '../support/seeded-random.ts';

type Cast = [TestAccount, TestAccount, TestAccount, TestAccount, TestAccount];

let cast: Cast;

beforeAll(async () => {
  cast = (await makeAccounts(5, seededRandom('cast'))) as Cast;
});

/** Alice admin, Bob moderator, Carol and Dave members; Eve stands outside. */
async function circle(seed: string, policy = OPEN_POLICY): Promise<TestGroup> {
  const random = seededRandom(seed);
  const group = await makeGroup(cast.slice(0, 4), random, policy);
  await perform(group, cast[0], { type: 'setRole', accountId: cast[1].accountId, role: 'moderator' });
  return group;
}

async function rotationOf(account: TestAccount, random: (length: number) => Bytes): Promise<{ rotated: TestAccount; rotation: Bytes }> {
  const identity = await generateKeyPair(random);
  const head = { version: 0, headHash: new Uint8Array(32) };
  const rotation = await signIdentityRotation(account.accountKey.seed, account.accountId, head, identity.publicKey);
  return { rotated: { ...account, identity }, rotation };
}

describe('G8 founding', () => {
  test('the author is admin, the others members, in the first epoch', async () => {
    const group = await makeGroup(cast.slice(0, 3), seededRandom('found'));
    expect([...group.state.members].map(([id, member]) => [id, member.role])).toEqual([
      [cast[0].accountId, 'admin'],
      [cast[1].accountId, 'member'],
      [cast[2].accountId, 'member'],
    ]);
    expect(group.state).toMatchObject({ version: 1, epoch: 1, name: 'Choir', rotationDue: false });
  });

  test('the author must be among the founders, none twice, the name a line of 1 to 256 bytes', async () => {
    const random = seededRandom('bad founders');
    const base = { type: 'create', name: 'Choir', policy: OPEN_POLICY, commitment: random(32) } as const;
    const attempt = (members: TestAccount[], name = 'Choir') =>
      refusal(() => signGroupOperation(authorOf(cast[0]), random(32), null, { ...base, name, members: members.map(record) }, random));
    expect(await attempt([cast[1], cast[2]])).toBe('not-allowed');
    expect(await attempt([cast[0], cast[1], cast[1]])).toBe('not-allowed');
    expect(await attempt([cast[0]], '')).toBe('not-allowed');
    expect(await attempt([cast[0]], 'two\nlines')).toBe('not-allowed');
    expect(await attempt([cast[0]], 'é'.repeat(128))).toBeNull();
    expect(await attempt([cast[0]], `${'é'.repeat(128)}x`)).toBe('too-large');
    expect(await attempt([cast[0]], '\ud800')).toBe('malformed');
  });

  test('a thousand members, and not one more', async () => {
    const random = seededRandom('thousand');
    const group = await makeGroup([cast[0]], random);
    const crowd = Array.from({ length: 1_000 }, () => ({ genesis: random(81) }));
    expect(canDo(group.state, cast[0].accountId, { type: 'add', members: crowd })).toBe(false);
    expect(canDo(group.state, cast[0].accountId, { type: 'add', members: crowd.slice(1) })).toBe(true);
  });
});

describe('G10 who may do what', () => {
  // Rows: operation; columns: admin, moderator, member, outsider.
  const commitment = new Uint8Array(32).fill(7);
  const rows: [string, () => GroupOperation, boolean[]][] = [
    ['add, policy admin', () => ({ type: 'add', members: [record(cast[4])] }), [true, false, false, false]],
    ['remove a member', () => ({ type: 'remove', accountId: cast[3].accountId, commitment }), [true, true, false, false]],
    ['remove the moderator', () => ({ type: 'remove', accountId: cast[1].accountId, commitment }), [true, false, false, false]],
    ['remove the admin', () => ({ type: 'remove', accountId: cast[0].accountId, commitment }), [false, false, false, false]],
    ['leave', () => ({ type: 'leave' }), [false, true, true, false]],
    ['setRole', () => ({ type: 'setRole', accountId: cast[3].accountId, role: 'admin' }), [true, false, false, false]],
    ['setRole to what it is', () => ({ type: 'setRole', accountId: cast[3].accountId, role: 'member' }), [false, false, false, false]],
    ['setRole of the last admin', () => ({ type: 'setRole', accountId: cast[0].accountId, role: 'member' }), [false, false, false, false]],
    ['rename, policy moderator', () => ({ type: 'rename', name: 'Quartet' }), [true, true, false, false]],
    ['rename to what it is', () => ({ type: 'rename', name: 'Choir' }), [false, false, false, false]],
    ['policy', () => ({ type: 'policy', policy: { ...OPEN_POLICY, add: 'member' } }), [true, false, false, false]],
    ['policy as it is', () => ({ type: 'policy', policy: { ...OPEN_POLICY } }), [false, false, false, false]],
    ['rotate', () => ({ type: 'rotate', commitment }), [true, true, true, false]],
    ['moved', () => ({ type: 'moved', newGroupId: commitment }), [true, false, false, false]],
  ];

  test.each(rows)('%s', async (_name, operation, allowed) => {
    const group = await circle('table');
    for (const [i, who] of [cast[0], cast[1], cast[2], cast[4]].entries()) {
      expect(canDo(group.state, who.accountId, operation())).toBe(allowed[i]);
      const signing = refusal(() => signGroupOperation(authorOf(who), group.groupId, group.state, operation(), group.random));
      expect(await signing).toBe(allowed[i] ? null : 'not-allowed');
    }
  });

  test('policies open adding and renaming to members', async () => {
    const group = await circle('policies', { add: 'member', edit: 'member', post: 'admin' });
    expect(canDo(group.state, cast[2].accountId, { type: 'add', members: [record(cast[4])] })).toBe(true);
    expect(canDo(group.state, cast[2].accountId, { type: 'rename', name: 'Quartet' })).toBe(true);
    expect(cast.map((who) => mayPost(group.state, who.accountId))).toEqual([true, false, false, false, false]);
  });

  test('the last admin leaves only after naming another, or alone', async () => {
    const group = await circle('last admin');
    await perform(group, cast[0], { type: 'setRole', accountId: cast[2].accountId, role: 'admin' });
    await perform(group, cast[0], { type: 'leave' });
    expect(group.state.members.has(cast[0].accountId)).toBe(false);
    const alone = await makeGroup([cast[0]], seededRandom('alone'));
    expect(canDo(alone.state, cast[0].accountId, { type: 'leave' })).toBe(true);
  });

  test('who is in cannot be added again; who left can come back', async () => {
    const group = await circle('back');
    const addDave: GroupOperation = { type: 'add', members: [record(cast[3])] };
    expect(canDo(group.state, cast[0].accountId, addDave)).toBe(false);
    await perform(group, cast[0], { type: 'remove', accountId: cast[3].accountId, commitment });
    await perform(group, cast[1], { type: 'rotate', commitment });
    await perform(group, cast[0], addDave);
    const stays = [1, 2, 3, 4].map((epoch) => wasMember(group.state, cast[3].accountId, epoch));
    expect(stays).toEqual([true, false, true, false]);
  });
});

describe('G9 ghost-member: nobody enters but by a member’s signed entry', () => {
  test('the relay, or anyone outside, signs an add: the slot is skipped', async () => {
    const group = await circle('ghost');
    const eve = cast[4];
    // Eve signs honestly as herself, then in Alice's name with her own key.
    const asMember: GroupState = { ...group.state, members: new Map(group.state.members) };
    (asMember.members as Map<string, unknown>).set(eve.accountId, { ...group.state.members.get(cast[0].accountId), ...eveMember(eve) });
    const operation: GroupOperation = { type: 'add', members: [record((await makeAccounts(1, group.random))[0] as TestAccount)] };
    const own = await signGroupOperation(authorOf(eve), group.groupId, asMember, operation, group.random);
    const inAlicesName = own.slice();
    const alice = await signGroupOperation(authorOf(cast[0]), group.groupId, group.state, operation, group.random);
    inAlicesName.set(alice.slice(0, alice.length - 64));
    const before = group.state;
    for (const entry of [own, inAlicesName]) expect(await append(group, entry)).toBe(false);
    expect(group.state.members).toEqual(before.members);
    expect(group.state.version).toBe(before.version + 2);
    expect(await append(group, await signGroupOperation(authorOf(cast[0]), group.groupId, group.state, operation, group.random))).toBe(
      true,
    );
  });

  test('a member without the right adds: skipped', async () => {
    const group = await circle('no right');
    const permissive = { ...group.state, policy: { ...OPEN_POLICY, add: 'member' as const } };
    const entry = await signGroupOperation(
      authorOf(cast[2]),
      group.groupId,
      permissive,
      { type: 'add', members: [record(cast[4])] },
      group.random,
    );
    expect(await append(group, entry)).toBe(false);
    expect(group.state.members.has(cast[4].accountId)).toBe(false);
  });

  test('an identity key comes in by the genesis record, or by rotations under the account key, never otherwise', async () => {
    const group = await circle('rotated newcomer');
    const { rotated, rotation } = await rotationOf(cast[4], group.random);
    const mallory = seededRandom('mallory')(32);
    const stolen = await signIdentityRotation(
      mallory,
      cast[4].accountId,
      { version: 0, headHash: new Uint8Array(32) },
      rotated.identity.publicKey,
    );
    const withStolen: GroupOperation = { type: 'add', members: [{ ...record(cast[4]), rotations: [stolen] }] };
    expect(await refusal(() => signGroupOperation(authorOf(cast[0]), group.groupId, group.state, withStolen, group.random))).toBe(
      'not-allowed',
    );
    await perform(group, cast[0], { type: 'add', members: [{ ...record(cast[4]), rotations: [rotation] }] });
    expect(group.state.members.get(cast[4].accountId)?.identityKey).toEqual(rotated.identity.publicKey);
    expect(await refusal(() => perform(group, cast[4], { type: 'rotate', commitment: new Uint8Array(32) }))).toBe('not-allowed');
    await perform(group, rotated, { type: 'rotate', commitment: new Uint8Array(32) });
  });

  test('replay-other-group: an entry of one group is skipped in another', async () => {
    const random = seededRandom('other group');
    const group = await circle('this group');
    const other = await circle('that group');
    const entry = await signGroupOperation(authorOf(cast[0]), other.groupId, other.state, { type: 'rename', name: 'Quartet' }, random);
    expect(await append(group, entry)).toBe(false);
    expect(group.state.name).toBe('Choir');
    // The same entry twice: the second is no longer in its slot.
    expect(await append(other, entry)).toBe(true);
    expect(await append(other, entry)).toBe(false);
  });
});

function eveMember(eve: TestAccount): { identityKey: Bytes; accountKey: Bytes; genesis: Bytes } {
  return { identityKey: eve.identity.publicKey, accountKey: eve.accountKey.publicKey, genesis: eve.genesisBytes };
}

describe('G14 rekey: an identity key changes by the account key alone', () => {
  test('by the account itself, under its new key', async () => {
    const group = await circle('rekey own');
    const { rotated, rotation } = await rotationOf(cast[2], group.random);
    const rekey: GroupOperation = { type: 'rekey', accountId: cast[2].accountId, rotation };
    expect(await refusal(() => perform(group, cast[2], rekey))).toBe('not-allowed');
    await perform(group, rotated, rekey);
    expect(group.state.members.get(cast[2].accountId)?.identityKey).toEqual(rotated.identity.publicKey);
    expect(group.state.rotationDue).toBe(true);
    expect(await refusal(() => perform(group, cast[2], { type: 'leave' }))).toBe('not-allowed');
  });

  test('by any member for another; by nobody without the account key; never twice', async () => {
    const group = await circle('rekey other');
    const { rotated, rotation } = await rotationOf(cast[2], group.random);
    const forged = await signIdentityRotation(
      seededRandom('thief')(32),
      cast[2].accountId,
      { version: 0, headHash: new Uint8Array(32) },
      rotated.identity.publicKey,
    );
    const rekey = (bytes: Bytes): GroupOperation => ({ type: 'rekey', accountId: cast[2].accountId, rotation: bytes });
    expect(await refusal(() => perform(group, cast[0], rekey(forged)))).toBe('not-allowed');
    expect(await refusal(() => perform(group, cast[4], rekey(rotation)))).toBe('not-allowed');
    await perform(group, cast[3], rekey(rotation));
    expect(await refusal(() => perform(group, cast[3], rekey(rotation)))).toBe('not-allowed');
    await perform(group, rotated, { type: 'rotate', commitment: new Uint8Array(32) });
  });
});

describe('G15 G16 epochs', () => {
  test('remove and rotate open an epoch with the commitment they carry; nothing else does', async () => {
    const group = await circle('epochs');
    const first = group.random(32);
    await perform(group, cast[0], { type: 'remove', accountId: cast[3].accountId, commitment: first });
    expect(group.state).toMatchObject({ epoch: 2, epochCommitment: first, rotationDue: false });
    const second = group.random(32);
    await perform(group, cast[2], { type: 'rotate', commitment: second });
    expect(group.state).toMatchObject({ epoch: 3, epochCommitment: second });
    await perform(group, cast[0], { type: 'add', members: [record(cast[3])] });
    await perform(group, cast[0], { type: 'rename', name: 'Quartet' });
    expect(group.state.epoch).toBe(3);
  });

  test('rotate-before-next-send: after someone left nobody may post before a rotate', async () => {
    const group = await circle('leave');
    expect(mayPost(group.state, cast[0].accountId)).toBe(true);
    await perform(group, cast[3], { type: 'leave' });
    expect(cast.slice(0, 4).map((who) => mayPost(group.state, who.accountId))).toEqual([false, false, false, false]);
    expect(group.state.epoch).toBe(1);
    await perform(group, cast[0], { type: 'rename', name: 'Trio' });
    expect(mayPost(group.state, cast[0].accountId)).toBe(false);
    await perform(group, cast[2], { type: 'rotate', commitment: group.random(32) });
    expect(cast.slice(0, 4).map((who) => mayPost(group.state, who.accountId))).toEqual([true, true, true, false]);
  });
});

describe('G7 slot and link', () => {
  test('an entry counts in its own slot and on its own head only', async () => {
    const group = await circle('link');
    const sign = (state: GroupState) =>
      signGroupOperation(authorOf(cast[0]), group.groupId, state, { type: 'rotate', commitment: new Uint8Array(32) }, group.random);
    const late = await sign(group.state);
    const branch = { ...group, entries: [] };
    await perform(branch, cast[0], { type: 'rename', name: 'Fork' });
    const onBranch = await sign(branch.state);
    await perform(group, cast[0], { type: 'rename', name: 'Quartet' });
    // The right slot, but another history; then the right history, but an earlier slot.
    expect(onBranch.length).toBe(late.length);
    expect(await append(group, onBranch)).toBe(false);
    expect(await append(group, late)).toBe(false);
    const current = await sign(group.state);
    expect(await append(group, current)).toBe(true);
    expect(await append(group, current)).toBe(false);
    // The head is right, the slot is not: what was signed before a skipped slot.
    const beforeGarbage = await sign(group.state);
    await append(group, group.random(100));
    expect(await append(group, beforeGarbage)).toBe(false);
    expect(group.state.epoch).toBe(2);
  });
});

test('G17 a thousand former members are remembered, the first who left forgotten first', async () => {
  const group = await circle('former');
  const strangers = Array.from({ length: 1_000 }, () => [accountIdFromBytes(group.random(32)), { joinedEpoch: 1, leftEpoch: 1 }] as const);
  group.state = { ...group.state, former: new Map(strangers) };
  await perform(group, cast[3], { type: 'leave' });
  const left = [...group.state.former.keys()];
  expect(left.length).toBe(1_000);
  expect([left[0], left[999]]).toEqual([strangers[1]?.[0], cast[3].accountId]);
});

describe('G18 heads', () => {
  test('log-truncated: a log that ends before the welcome’s version is seen, and so is another history', async () => {
    const group = await circle('truncated');
    await perform(group, cast[0], { type: 'remove', accountId: cast[3].accountId, commitment: group.random(32) });
    await append(group, group.random(300));
    await perform(group, cast[0], { type: 'rename', name: 'Trio' });
    const { version, headHash } = group.state;
    for (let length = 1; length < group.entries.length; length++) {
      const truncated = await replay(group.entries.slice(0, length));
      expect(compareHead(truncated, version, headHash)).toBe('ahead');
      // And the other way round: the whole state knows the truncated one as its own past.
      expect(compareHead(group.state, truncated.version, truncated.headHash)).toBe('same');
    }
    expect(compareHead(group.state, version, headHash)).toBe('same');
    const fork = await replay(group.entries.slice(0, 2));
    const other = { ...group, state: fork, entries: [] };
    await perform(other, cast[0], { type: 'rename', name: 'Fork' });
    expect(compareHead(group.state, other.state.version, other.state.headHash)).toBe('differs');
  });

  test('sixty-four heads are remembered', async () => {
    const group = await makeGroup([cast[0]], seededRandom('heads'));
    const first = group.state;
    for (let i = 0; i < 64; i++) await perform(group, cast[0], { type: 'rename', name: `name ${i}` });
    expect(group.state.heads.length).toBe(64);
    expect(compareHead(group.state, first.version, first.headHash)).toBe('too-old');
    expect(compareHead(group.state, 2, group.state.heads[0]?.hash as Bytes)).toBe('same');
  });
});

describe('G19 moved', () => {
  test('nothing is valid after it, and nobody posts', async () => {
    const group = await circle('moved');
    const newGroupId = group.random(32);
    expect(await refusal(() => makeMoved(group, cast[0], group.groupId))).toBe('not-allowed');
    await perform(group, cast[0], { type: 'moved', newGroupId });
    expect(group.state.moved).toEqual({ newGroupId, author: cast[0].accountId });
    expect(mayPost(group.state, cast[0].accountId)).toBe(false);
    expect(canDo(group.state, cast[0].accountId, { type: 'rotate', commitment: newGroupId })).toBe(false);
  });

  test('outside a jammed log it counts on an admin’s signature, whatever head it was signed on', async () => {
    const group = await circle('jam');
    const newGroupId = group.random(32);
    const entry = await makeMoved(group, cast[0], newGroupId);
    await append(group, group.random(200));
    await perform(group, cast[1], { type: 'rename', name: 'Quartet' });
    expect(await verifyMoved(group.state, entry)).toEqual({ newGroupId, author: cast[0].accountId });
    const changed = entry.slice();
    changed[entry.length - 80] = (changed[entry.length - 80] as number) ^ 1;
    expect(await refusal(() => verifyMoved(group.state, changed))).toBe('bad-signature');
    await perform(group, cast[0], { type: 'setRole', accountId: cast[2].accountId, role: 'admin' });
    await perform(group, cast[2], { type: 'setRole', accountId: cast[0].accountId, role: 'member' });
    expect(await refusal(() => verifyMoved(group.state, entry))).toBe('not-allowed');
    expect(await refusal(() => verifyMoved(group.state, group.entries[0] as Bytes))).toBe('wrong-kind');
  });
});

function makeMoved(group: TestGroup, author: TestAccount, newGroupId: Bytes): Promise<Bytes> {
  return signGroupOperation(authorOf(author), group.groupId, group.state, { type: 'moved', newGroupId }, group.random);
}

describe('G11 the state as bytes', () => {
  test('comes back the same, and damaged bytes are refused with a code', async () => {
    const group = await circle('codec');
    const { rotation } = await rotationOf(cast[2], group.random);
    await perform(group, cast[0], { type: 'rekey', accountId: cast[2].accountId, rotation });
    await perform(group, cast[3], { type: 'leave' });
    await perform(group, cast[0], { type: 'moved', newGroupId: group.random(32) });
    const bytes = encodeGroupState(group.state);
    expect(parseGroupState(bytes)).toEqual(group.state);
    for (let length = 0; length < bytes.length; length += 3) {
      expect(await refusal(() => parseGroupState(bytes.slice(0, length)))).not.toBeNull();
    }
    await fc.assert(
      fc.property(fc.nat(bytes.length - 1), fc.integer({ min: 1, max: 255 }), (at, change) => {
        const changed = bytes.slice();
        changed[at] = (changed[at] as number) ^ change;
        let parsed: GroupState | null = null;
        try {
          parsed = parseGroupState(changed);
        } catch (error) {
          expect(error).toHaveProperty('code');
        }
        if (parsed) expect(encodeGroupState(parsed)).toEqual(changed);
      }),
      { seed: 5, numRuns: 2_000 },
    );
  });
});
