/** The cases of the group log: its cast, its foundings, every line of G10, sealed slots, heads. */
import {
  applyGroupEntry,
  deriveEpochKeys,
  encodeGroupState,
  epochCommitment,
  generateKeyPair,
  type GroupOperation,
  type GroupState,
  sealLogEntry,
  signIdentityRotation,
} from '../../../crypto/index.ts';
import { CHAIN, NO_PREVIOUS } from '../../../crypto/chain/entry.ts';
import type { JsonObject, Make } from '../family.ts';
import { type Bytes, type CryptoErrorCode, fromHex, toHex } from '../hex.ts';
import { type Cast, entryOf, makePerson, type Person, POLICY, record } from './group-cast.ts';
import { makeRecoveries } from './group-recovery-cases.ts';
import { aesGcmSeal, hkdfSha256, joined, u32, utf8Of } from '../independent.ts';
import { cut, replaced, turned } from '../spoil.ts';

const AT = { sequence: 34, previous: 38, operation: 70, author: 71, body: 107 };

async function makeFoundings({ random, group, valid, invalid }: Make, cast: Cast): Promise<{ create: string; state: GroupState }> {
  const { groupId, anna, bert, clara, outsider } = cast;
  const operation: GroupOperation = {
    type: 'create',
    name: 'Choir',
    policy: POLICY,
    members: [anna, bert, clara].map(record),
    commitment: random(32),
  };
  const founding = (changes: object, author = anna, more: object = {}) =>
    entryOf(groupId, null, author, { ...operation, ...changes } as GroupOperation, random, more);
  const create = await founding({});
  group('replay');
  const show = (comment: string, flags: string[], entries: string[]) => valid(comment, flags, { groupId: toHex(groupId), entries });
  await show('a group of three', ['Basic'], [create]);
  await show('a group of one', ['Basic'], [await founding({ members: [record(anna)] })]);
  await show('a name of 256 bytes', ['Bounds'], [await founding({ name: 'é'.repeat(128) })]);
  const refuse = async (comment: string, kind: string, entry: string, error: CryptoErrorCode, id = groupId) =>
    invalid(comment, [kind], { groupId: toHex(id), entries: [entry] }, error);
  await refuse('by somebody who is no member of it', 'Rules', await founding({}, outsider), 'not-allowed');
  await refuse('a member twice', 'Rules', await founding({ members: [anna, bert, bert].map(record) }), 'not-allowed');
  await refuse('for another group', 'WrongContext', create, 'wrong-context', random(32));
  await refuse('signed by another key', 'BadSignature', await founding({}, { ...anna, identity: bert.identity }), 'bad-signature');
  await refuse('one bit of the name', 'BadSignature', turned(create, AT.body + 5), 'bad-signature');
  await refuse('not the first', 'BrokenLink', await founding({}, anna, { sequence: 1 }), 'broken-link');
  await refuse('a previous hash', 'BrokenLink', await founding({}, anna, { previousHash: random(32) }), 'broken-link');
  await refuse(
    'another operation first',
    'Rules',
    await entryOf(groupId, null, anna, { type: 'rename', name: 'x' }, random),
    'not-allowed',
  );
  await refuse('an operation that is none', 'Malformed', await founding({}, anna, { operation: 11 }), 'unsupported-version');
  await refuse('an entry of a device list', 'WrongKind', await founding({}, anna, { chain: CHAIN.deviceList }), 'wrong-kind');
  for (const length of [0, 1, 50, 106, 300]) await refuse(`${length} bytes`, 'Malformed', cut(create, length), 'malformed');
  await refuse('version 2', 'Malformed', replaced(create, 0, '02'), 'unsupported-version');
  // Bodies by hand, each at a bound and one past it; what is within the bound is missing, or is no rotation.
  const one = `${'00000001'}61030201${'00'.repeat(32)}`;
  const withBody = (body: string) => founding({}, anna, { body: fromHex(body) });
  const sizeOf = (bytes: number): string => bytes.toString(16).padStart(8, '0');
  const genesis = toHex(anna.genesis);
  for (const [comment, body, error] of [
    ['a name of 257 bytes', `00000101${'61'.repeat(257)}`, 'too-large'],
    ['1,000 members, and none there', `${one}03e8`, 'malformed'],
    ['1,001 members', `${one}03e9`, 'too-large'],
    ['64 rotations, and none there', `${one}0001${genesis}40`, 'malformed'],
    ['65 rotations', `${one}0001${genesis}41`, 'too-large'],
    ['a rotation of 1,024 zeros', `${one}0001${genesis}01${sizeOf(1_024)}${'00'.repeat(1_024)}`, 'unsupported-version'],
    ['a rotation of 1,025 zeros', `${one}0001${genesis}01${sizeOf(1_025)}${'00'.repeat(1_025)}`, 'too-large'],
  ] as const)
    await refuse(comment, 'Bounds', await withBody(body), error);
  await refuse('a body said to be 256 KiB', 'Bounds', replaced(create, AT.body - 4, sizeOf(262_144)), 'malformed');
  await refuse('a body said to be a byte over 256 KiB', 'Bounds', replaced(create, AT.body - 4, sizeOf(262_145)), 'too-large');
  const { state } = await applyGroupEntry(null, fromHex(create), groupId);
  return { create, state };
}

/** Every line of G10: what is allowed, what is not. */
async function makeRules({ random, group, valid, invalid }: Make, cast: Cast, founded: GroupState): Promise<void> {
  const { groupId, anna, bert, clara, dora, outsider } = cast;
  const grow = async (state: GroupState, author: Person, operation: GroupOperation): Promise<GroupState> =>
    (await applyGroupEntry(state, fromHex(await entryOf(groupId, state, author, operation, random)))).state;
  // Anna admin, Bert moderator, Clara and Dora members.
  const withDora = await grow(founded, anna, { type: 'add', members: [record(dora)] });
  const base = await grow(withDora, anna, { type: 'setRole', accountId: bert.id, role: 'moderator' });
  const commitment = (): Bytes => random(32);
  group('entry');
  const may = async (comment: string, author: Person, operation: GroupOperation, state = base) =>
    valid(comment, ['Rules'], { state: toHex(encodeGroupState(state)), entry: await entryOf(groupId, state, author, operation, random) });
  const mayNot = async (comment: string, author: Person, operation: GroupOperation, state = base, kind = 'Rules', changes: object = {}) =>
    invalid(
      comment,
      [kind],
      { state: toHex(encodeGroupState(state)), entry: await entryOf(groupId, state, author, operation, random, changes) },
      'not-allowed',
    );
  const add: GroupOperation = { type: 'add', members: [record(outsider)] };
  const by = { admin: anna, moderator: bert, member: clara } as const;
  await may('an admin adds', anna, add);
  for (const role of ['moderator', 'member'] as const) await mayNot(`a ${role} adds under this policy`, by[role], add);
  await mayNot('a stranger adds himself', outsider, add);
  await mayNot('adding who is in', anna, { type: 'add', members: [record(clara)] });
  await mayNot('adding somebody twice', anna, { type: 'add', members: [record(outsider), record(outsider)] });
  await mayNot('adding nobody', anna, { type: 'add', members: [] });
  const open = await grow(base, anna, { type: 'policy', policy: { add: 'member', edit: 'member', post: 'member' } });
  for (const role of ['admin', 'moderator', 'member'] as const) await may(`a ${role} adds where members may`, by[role], add, open);
  const remove = ({ id }: Person): GroupOperation => ({ type: 'remove', accountId: id, commitment: commitment() });
  await may('an admin removes a member', anna, remove(clara));
  await may('an admin removes a moderator', anna, remove(bert));
  await may('a moderator removes a member', bert, remove(clara));
  await mayNot('a moderator removes an admin', bert, remove(anna));
  await mayNot('a member removes a member', clara, remove(dora));
  await mayNot('an admin removes himself', anna, remove(anna));
  await mayNot('removing who is not in', anna, remove(outsider));
  await may('a member leaves', clara, { type: 'leave' });
  await may('a moderator leaves', bert, { type: 'leave' });
  await mayNot('the last admin leaves', anna, { type: 'leave' });
  await mayNot('a stranger leaves', outsider, { type: 'leave' });
  const twoAdmins = await grow(base, anna, { type: 'setRole', accountId: clara.id, role: 'admin' });
  await may('one of two admins leaves', anna, { type: 'leave' }, twoAdmins);
  await may('one of two admins removes the other', anna, remove(clara), twoAdmins);
  await may('one of two admins steps down', anna, { type: 'setRole', accountId: anna.id, role: 'member' }, twoAdmins);
  await mayNot('the last admin steps down', anna, { type: 'setRole', accountId: anna.id, role: 'member' });
  for (const role of ['moderator', 'member'] as const)
    await mayNot(`a ${role} sets a role`, by[role], { type: 'setRole', accountId: dora.id, role: 'moderator' });
  await mayNot('a member makes himself admin', clara, { type: 'setRole', accountId: clara.id, role: 'admin' });
  await mayNot('the role somebody has', anna, { type: 'setRole', accountId: dora.id, role: 'member' });
  await mayNot('a role for who is not in', anna, { type: 'setRole', accountId: outsider.id, role: 'admin' });
  for (const role of ['admin', 'moderator'] as const) await may(`a ${role} renames`, by[role], { type: 'rename', name: 'Quartet' });
  await mayNot('a member renames', clara, { type: 'rename', name: 'Quartet' });
  await mayNot('the name it has', anna, { type: 'rename', name: 'Choir' });
  await may('an admin changes the policy', anna, { type: 'policy', policy: { ...POLICY, post: 'admin' } });
  await mayNot('a moderator changes the policy', bert, { type: 'policy', policy: { ...POLICY, post: 'admin' } });
  await mayNot('the policy it has', anna, { type: 'policy', policy: POLICY });
  for (const role of ['admin', 'moderator', 'member'] as const)
    await may(`a ${role} rotates`, by[role], { type: 'rotate', commitment: commitment() });
  const lastEpoch = { ...base, epoch: 0xffff_fffe };
  await may('to the last epoch that there can be', anna, { type: 'rotate', commitment: commitment() }, lastEpoch);
  await mayNot('past it', anna, { type: 'rotate', commitment: commitment() }, { ...base, epoch: 0xffff_ffff }, 'Bounds');
  await mayNot('a stranger rotates', outsider, { type: 'rotate', commitment: commitment() });
  await may('an admin moves the group', anna, { type: 'moved', newGroupId: random(32) });
  for (const role of ['moderator', 'member'] as const)
    await mayNot(`a ${role} moves the group`, by[role], { type: 'moved', newGroupId: random(32) });
  await mayNot('to itself', anna, { type: 'moved', newGroupId: groupId });
  const moved = await grow(base, anna, { type: 'moved', newGroupId: random(32) });
  await mayNot('anything after it moved', anna, { type: 'rename', name: 'Late' }, moved);
  const gone = await grow(base, anna, remove(clara));
  await mayNot('anything by who was removed', clara, { type: 'leave' }, gone);
  const fresh = await generateKeyPair(random);
  const rotation = await signIdentityRotation(clara.seed, clara.id, { version: 0, headHash: NO_PREVIOUS }, fresh.publicKey);
  const rekey: GroupOperation = { type: 'rekey', accountId: clara.id, rotation };
  await may('a member brings another’s new identity', dora, rekey);
  await may('one’s own new identity, signed with the new key', { ...clara, identity: fresh }, rekey);
  await mayNot('one’s own new identity, signed with the old key', clara, rekey, base, 'BadSignature');
  await mayNot(
    'a rotation signed by another account',
    dora,
    {
      type: 'rekey',
      accountId: clara.id,
      rotation: await signIdentityRotation(dora.seed, clara.id, { version: 0, headHash: NO_PREVIOUS }, fresh.publicKey),
    },
    base,
    'BadSignature',
  );
  const after = await grow(base, dora, rekey);
  await mayNot('the old key after it', clara, { type: 'leave' }, after, 'BadSignature');
  await may('the new key after it', { ...clara, identity: fresh }, { type: 'leave' }, after);
  const rename: GroupOperation = { type: 'rename', name: 'Forged' };
  await mayNot('in another’s name', { ...anna, identity: clara.identity }, rename, base, 'BadSignature');
  await mayNot('a slot too early', anna, rename, base, 'BrokenLink', { sequence: base.version - 1 });
  await mayNot('a slot too late', anna, rename, base, 'BrokenLink', { sequence: base.version + 1 });
  await mayNot('another previous hash', anna, rename, base, 'BrokenLink', { previousHash: random(32) });
  await mayNot('of another group', anna, rename, base, 'WrongContext', { chainId: random(32) });
  for (const [what, body] of [
    ['an empty name', '00000000'],
    ['a name with a control', '0000000141'.replace('41', '0a')],
    ['a name of 257 bytes', `00000101${'61'.repeat(257)}`],
    ['bytes after the name', '000000016161'],
    ['text that is not UTF-8', '00000001ff'],
  ] as const) {
    await mayNot(what, anna, rename, base, 'Malformed', { body: fromHex(body) });
  }
}

async function makeSlots({ random, group, valid, invalid }: Make, cast: Cast): Promise<void> {
  const { groupId, anna, bert, clara } = cast;
  const secrets = [random(32), random(32)] as [Bytes, Bytes];
  const logs = (await Promise.all(secrets.map(async (secret, at) => (await deriveEpochKeys(secret, groupId, at + 1)).log))) as [
    Bytes,
    Bytes,
  ];
  const commitments = secrets.map((secret, at) => epochCommitment(secret, groupId, at + 1)) as [Bytes, Bytes];
  let state: GroupState | null = null;
  const slots: string[] = [];
  async function add(author: Person, operation: GroupOperation, epoch: number, previous: Bytes | null = null): Promise<void> {
    const entry = await entryOf(groupId, state, author, operation, random);
    slots.push(toHex(await sealLogEntry(logs[epoch - 1] as Bytes, groupId, epoch, slots.length, fromHex(entry), previous, random)));
    state = (await applyGroupEntry(state, fromHex(entry), groupId)).state;
  }
  await add(
    anna,
    { type: 'create', name: 'Choir', policy: POLICY, members: [anna, bert, clara].map(record), commitment: commitments[0] },
    1,
  );
  await add(anna, { type: 'rename', name: 'Trio' }, 1);
  await add(anna, { type: 'remove', accountId: clara.id, commitment: commitments[1] }, 2, logs[0]);
  await add(bert, { type: 'leave' }, 2);
  const key = (epoch: number, confirmed = true, log = logs[epoch - 1] as Bytes): JsonObject => ({
    epoch,
    log: toHex(log),
    commitment: toHex(commitments[epoch - 1] as Bytes),
    confirmed,
  });
  const both = [key(1), key(2)];
  const id = toHex(groupId);
  const garbage = toHex(random(512));
  group('slots');
  const show = (comment: string, flags: string[], shown: string[], keys: JsonObject[]) =>
    valid(comment, flags, { groupId: id, slots: shown, keys });
  await show('the whole log', ['Basic'], slots, both);
  await show('one slot', ['Basic'], slots.slice(0, 1), both);
  await show('the second epoch’s key is not here: what opens it is not judged', ['Unjudged'], slots, [key(1)]);
  await show('a candidate key that does not open it: not judged', ['Unjudged'], slots, [key(1), key(2, false, random(32))]);
  await show('a candidate key that opens it', ['Basic'], slots, [key(1), key(2, false)]);
  await show('a confirmed key that does not open it: skipped', ['Skipped'], slots, [key(1), key(2, true, random(32))]);
  await show('garbage at the end keeps its slot', ['Skipped'], [...slots, garbage], both);
  await show(
    'garbage in between: what follows does not open in its place',
    ['Skipped'],
    [slots[0] as string, garbage, ...slots.slice(1)],
    both,
  );
  await show(
    'two slots change places',
    ['Skipped'],
    [slots[0] as string, slots[2] as string, slots[1] as string, slots[3] as string],
    both,
  );
  await show('one bit of a slot', ['Skipped'], [slots[0] as string, turned(slots[1] as string, 100), ...slots.slice(2)], both);
  await show('a slot shown twice', ['Skipped'], [...slots, slots[3] as string], both);
  await show('an epoch that leaves one out', ['Skipped'], [...slots.slice(0, 2), replaced(slots[2] as string, 1, '00000003')], both);
  const refuse = (comment: string, kind: string, shown: string[], keys: JsonObject[], error: CryptoErrorCode) =>
    invalid(comment, [kind], { groupId: id, slots: shown, keys }, error);
  await refuse('the founding slot under another key', 'WrongKey', slots, [key(1, true, random(32))], 'bad-mac');
  await refuse('the founding slot left out', 'BrokenLink', slots.slice(1), both, 'bad-mac');
  await refuse('garbage first', 'Malformed', [garbage], both, 'unsupported-version');
  group('open');
  const opening = { logKey: toHex(logs[0]), groupId: id, slot: 1, sealed: slots[1] as string };
  await valid('opens in its place', ['Basic'], opening);
  await valid('one that opens an epoch, with the key before', ['Basic'], {
    logKey: toHex(logs[1]),
    groupId: id,
    slot: 2,
    sealed: slots[2] as string,
  });
  const not = (comment: string, kind: string, changes: JsonObject, error: CryptoErrorCode) =>
    invalid(comment, [kind], { ...opening, ...changes }, error);
  await not('in another place', 'WrongContext', { slot: 2 }, 'bad-mac');
  await not('in another group', 'WrongContext', { groupId: toHex(random(32)) }, 'bad-mac');
  await not('under another epoch’s number', 'WrongContext', { sealed: replaced(opening.sealed, 1, '00000002') }, 'bad-mac');
  await not('under another epoch’s key', 'WrongKey', { logKey: toHex(logs[1]) }, 'bad-mac');
  await not('the last bit', 'BitFlip', { sealed: turned(opening.sealed, -1) }, 'bad-mac');
  await not('cut', 'BitFlip', { sealed: cut(opening.sealed, 511) }, 'bad-mac');
  await not('version 2', 'Malformed', { sealed: replaced(opening.sealed, 0, '02') }, 'unsupported-version');
  await not('four bytes', 'Malformed', { sealed: cut(opening.sealed, 4) }, 'malformed');
  // Whole slots hold 58 bytes beside the entry, or 90 with a previous log key.
  for (const [comment, bytes, previous] of [
    ['an entry that fills 512 bytes', 454, null],
    ['a byte more, in 1,024 bytes', 455, null],
    ['an entry and a previous log key that fill 512 bytes', 422, logs[0]],
    ['a byte more than both, in 1,024 bytes', 423, logs[0]],
  ] as const) {
    const sealed = toHex(await sealLogEntry(logs[1], groupId, 2, 7, random(bytes), previous, random));
    await valid(comment, ['Bounds'], { logKey: toHex(logs[1]), groupId: id, slot: 7, sealed });
  }
  const byHand = (entry: Uint8Array, flag: number, filling: Uint8Array): string => {
    const salt = random(32);
    const key = hkdfSha256(logs[0], salt, joined(utf8Of('Sottovoce v1 group log'), Uint8Array.of(3)), 32);
    const aad = joined(Uint8Array.of(3, 1), groupId, u32(1), u32(1));
    const content = joined(u32(entry.length), entry, Uint8Array.of(flag), filling);
    return toHex(joined(Uint8Array.of(1), u32(1), salt, aesGcmSeal(key, new Uint8Array(12), aad, content)));
  };
  const entry = random(150);
  const zeros = (bytes: number): Uint8Array => new Uint8Array(bytes);
  await valid('sealed by hand, as it should be', ['Basic'], { ...opening, sealed: byHand(entry, 0, zeros(304)) });
  for (const [comment, sealed] of [
    ['larger than it need be', byHand(entry, 0, zeros(816))],
    ['no power of two', byHand(entry, 0, zeros(305))],
    ['smaller than 512 bytes', byHand(entry, 0, zeros(48))],
    ['filled with something else than zeros', byHand(entry, 0, joined(zeros(303), Uint8Array.of(1)))],
    ['flag 2', byHand(entry, 2, zeros(304))],
    ['flag 1, and the previous log key cut', byHand(random(434), 1, zeros(20))],
  ] as const)
    await not(comment, 'Malformed', { sealed }, 'malformed');
}

async function makeHeads({ random, group, valid, invalid }: Make, cast: Cast, founded: GroupState): Promise<void> {
  const { groupId, anna, bert } = cast;
  const states: GroupState[] = [founded];
  for (const name of ['One', 'Two', 'Three']) {
    const state = states.at(-1) as GroupState;
    states.push((await applyGroupEntry(state, fromHex(await entryOf(groupId, state, anna, { type: 'rename', name }, random)))).state);
  }
  const last = states[3] as GroupState;
  const skipped = { ...last, version: last.version + 2 };
  const ask = (comment: string, kind: string, state: GroupState, version: number, headHash: Bytes) =>
    valid(comment, [kind], { state: toHex(encodeGroupState(state)), version, headHash: toHex(headHash) });
  group('head');
  await ask('the same', 'Head', last, 4, last.headHash);
  for (const [at, state] of states.slice(0, 3).entries())
    await ask(`one’s own past, ${3 - at} entries ago`, 'Head', last, state.version, state.headHash);
  await ask('a later one', 'Head', last, 5, random(32));
  await ask('far later', 'Head', last, 0xffffffff, random(32));
  await ask('a later version with the head one has: slots that were skipped', 'Head', last, 9, last.headHash);
  await ask('another head at the same version', 'Fork', last, 4, random(32));
  await ask('another head in the past', 'Fork', last, 2, random(32));
  await ask('before anything remembered', 'Head', last, 0, random(32));
  await ask('after slots were skipped here: the head one has', 'Head', skipped, 5, last.headHash);
  await ask('after slots were skipped here: another head may be what was shown falsely', 'Head', skipped, 5, random(32));
  await ask('after slots were skipped here: another head before them is a fork', 'Fork', skipped, 4, random(32));
  group('moved');
  const next = random(32);
  const moving = async (author: Person, newGroupId: Bytes, changes: object = {}) =>
    entryOf(groupId, last, author, { type: 'moved', newGroupId }, random, changes);
  const base = { state: toHex(encodeGroupState(last)) };
  await valid('by an admin', ['Basic'], { ...base, entry: await moving(anna, next) });
  await valid('on another head: a jam has several', ['Basic'], {
    ...base,
    entry: await moving(anna, next, { sequence: 99, previousHash: random(32) }),
  });
  await invalid('by a member', ['Rules'], { ...base, entry: await moving(bert, next) }, 'not-allowed');
  await invalid('to the same group', ['Rules'], { ...base, entry: await moving(anna, groupId) }, 'not-allowed');
  await invalid(
    'of another group',
    ['WrongContext'],
    { ...base, entry: await moving(anna, next, { chainId: random(32) }) },
    'wrong-context',
  );
  await invalid(
    'signed by another',
    ['BadSignature'],
    { ...base, entry: await moving({ ...anna, identity: bert.identity }, next) },
    'bad-signature',
  );
  await invalid(
    'another operation',
    ['WrongKind'],
    { ...base, entry: await entryOf(groupId, last, anna, { type: 'rename', name: 'x' }, random) },
    'wrong-kind',
  );
}

export async function generateGroupLog(make: Make): Promise<void> {
  const { random } = make;
  const cast: Cast = {
    groupId: random(32),
    anna: await makePerson(random),
    bert: await makePerson(random),
    clara: await makePerson(random),
    dora: await makePerson(random),
    outsider: await makePerson(random),
  };
  const { create, state } = await makeFoundings(make, cast);
  const { groupId, anna, bert, clara } = cast;
  const entries = [create];
  let now = state;
  for (const [author, operation] of [
    [anna, { type: 'setRole', accountId: bert.id, role: 'moderator' }],
    [bert, { type: 'rename', name: 'Trio' }],
    [clara, { type: 'leave' }],
    [bert, { type: 'rotate', commitment: random(32) }],
  ] as [Person, GroupOperation][]) {
    entries.push(await entryOf(groupId, now, author, operation, random));
    now = (await applyGroupEntry(now, fromHex(entries.at(-1) as string))).state;
  }
  const show = (comment: string, flags: string[], shown: string[]) =>
    make.valid(comment, flags, { groupId: toHex(groupId), entries: shown });
  await show('five operations', ['Basic'], entries);
  await show(
    'with an entry that is not allowed in between',
    ['Skipped'],
    [...entries, await entryOf(groupId, now, clara, { type: 'rename', name: 'Mine' }, random)],
  );
  await show('with bytes that are none', ['Skipped'], [...entries, toHex(random(200))]);
  await show('an entry twice', ['Skipped'], [entries[0] as string, entries[1] as string, entries[1] as string]);
  await show('an entry left out: all after it are skipped', ['Skipped'], [entries[0] as string, ...entries.slice(2)]);
  await makeRules(make, cast, state);
  await makeSlots(make, cast);
  await makeHeads(make, cast, state);
  await makeRecoveries(make, cast);
}
