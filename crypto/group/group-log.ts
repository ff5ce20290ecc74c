/**
 * The group log (D5): signing an operation onto it and applying one slot of it.
 * An entry is valid when it has the form of chain/entry.ts for this group, its sequence is its slot and its previous hash the last valid
 * entry's, group-rules.ts allows the operation to its author, every genesis record and rotation in it verifies, and the author's current
 * identity key signed it. Anything else keeps its slot, changes nothing but the version, and is skipped by all alike.
 *
 * Work a hostile member can cause: one signature check an entry that is not his to write; for an entry that is, one a rotation it carries.
 * Not promised: that everybody sees the same log. A fork shows when heads are compared (`compareHead`).
 */
import { type Bytes, equalBytes, type RandomBytes } from '../bytes.ts';
import { CHAIN, type ChainEntry, NO_PREVIOUS, parseEntry, requireLink, signEntry, verifyEntry } from '../chain/entry.ts';
import { verifyRotationChain } from '../chain/identity-rotation.ts';
import { CryptoError, require } from '../errors.ts';
import type { AccountId } from '../keys/account-id.ts';
import { accountIdOf, parseGenesis } from '../keys/genesis-record.ts';
import { identitySigner } from '../keys/signature.ts';
import { MAX_FORMER_MEMBERS, MAX_HEAD_MARKS } from '../limits.ts';
import { encodeOperation, GROUP_ID_BYTES, type GroupOperation, type MemberRecord, parseOperation } from './group-operation.ts';
import { canDo } from './group-rules.ts';
import { FIRST_EPOCH, type FormerMember, type GroupMember, type GroupState, isAdmin } from './group-state.ts';

export type AppliedOperation = GroupOperation & { author: AccountId };
export type AppliedEntry = { state: GroupState; applied: AppliedOperation | null };
export type GroupAuthor = { accountId: AccountId; identityPrivateKey: Bytes };

type Members = Map<AccountId, GroupMember>;

const MAX_VERSION = 0xffff_ffff;

async function admit(record: MemberRecord, joinedEpoch: number): Promise<GroupMember> {
  const genesis = parseGenesis(record.genesis);
  const rotations = record.rotations ?? [];
  const { identityKey } = await verifyRotationChain(genesis, rotations);
  return { role: 'member', identityKey, accountKey: genesis.accountKey, genesis: record.genesis, rotations, joinedEpoch };
}

async function admitAll(members: Members, records: readonly MemberRecord[], epoch: number): Promise<void> {
  for (const record of records) members.set(accountIdOf(record.genesis), await admit(record, epoch));
}

async function rekeyed(member: GroupMember, rotation: Bytes): Promise<GroupMember> {
  const rotations = [...member.rotations, rotation];
  const { identityKey } = await verifyRotationChain(parseGenesis(member.genesis), rotations);
  return { ...member, identityKey, rotations };
}

/** Whose key must have signed: the author's at this entry. A founder's comes with `create`, a rotated one with his own `rekey`. */
async function signingKeyOf(state: GroupState | null, author: AccountId, operation: GroupOperation): Promise<Bytes> {
  if (operation.type === 'create') {
    const record = operation.members.find((candidate) => accountIdOf(candidate.genesis) === author);
    require(record !== undefined, 'not-allowed');
    return (await admit(record, FIRST_EPOCH)).identityKey;
  }
  const member = state?.members.get(author);
  require(member !== undefined, 'not-allowed');
  if (operation.type === 'rekey' && operation.accountId === author) return (await rekeyed(member, operation.rotation)).identityKey;
  return member.identityKey;
}

function departed(state: GroupState, accountId: AccountId): { members: Members; former: Map<AccountId, FormerMember> } {
  const members = new Map(state.members);
  const former = new Map(state.former);
  const joinedEpoch = members.get(accountId)?.joinedEpoch ?? state.epoch;
  members.delete(accountId);
  // Set anew, so that the map stays in the order people left and the first is the one to forget.
  former.delete(accountId);
  former.set(accountId, { joinedEpoch, leftEpoch: state.epoch });
  const oldest = former.keys().next();
  if (former.size > MAX_FORMER_MEMBERS && !oldest.done) former.delete(oldest.value);
  return { members, former };
}

function opened(state: GroupState, commitment: Bytes): Pick<GroupState, 'epoch' | 'epochCommitment' | 'rotationDue'> {
  require(state.epoch < MAX_VERSION, 'too-far-ahead');
  return { epoch: state.epoch + 1, epochCommitment: commitment, rotationDue: false };
}

async function found(groupId: Bytes, author: AccountId, operation: GroupOperation & { type: 'create' }): Promise<GroupState> {
  const members: Members = new Map();
  await admitAll(members, operation.members, FIRST_EPOCH);
  const founder = members.get(author);
  require(founder !== undefined, 'not-allowed');
  members.set(author, { ...founder, role: 'admin' });
  return {
    groupId,
    version: 0,
    headHash: NO_PREVIOUS,
    heads: [],
    epoch: FIRST_EPOCH,
    epochCommitment: operation.commitment,
    rotationDue: false,
    name: operation.name,
    policy: operation.policy,
    members,
    former: new Map(),
  };
}

/** The effect of an operation that `canDo` allows. */
async function changed(state: GroupState, author: AccountId, operation: Exclude<GroupOperation, { type: 'create' }>): Promise<GroupState> {
  const members: Members = new Map(state.members);
  switch (operation.type) {
    case 'add':
      await admitAll(members, operation.members, state.epoch);
      return { ...state, members };
    case 'remove':
      return { ...state, ...departed(state, operation.accountId), ...opened(state, operation.commitment) };
    case 'leave':
      return { ...state, ...departed(state, author), rotationDue: true };
    case 'setRole': {
      const member = members.get(operation.accountId);
      require(member !== undefined, 'not-allowed');
      members.set(operation.accountId, { ...member, role: operation.role });
      return { ...state, members };
    }
    case 'rename':
      return { ...state, name: operation.name };
    case 'policy':
      return { ...state, policy: operation.policy };
    case 'rotate':
      return { ...state, ...opened(state, operation.commitment) };
    case 'rekey': {
      const member = members.get(operation.accountId);
      require(member !== undefined, 'not-allowed');
      members.set(operation.accountId, await rekeyed(member, operation.rotation));
      // An identity is rotated when a device is lost (D6), and that device holds the keys of the epoch.
      return { ...state, members, rotationDue: true };
    }
    case 'moved':
      return { ...state, moved: { newGroupId: operation.newGroupId, author } };
  }
}

async function applyValid(groupId: Uint8Array, state: GroupState | null, bytes: Bytes): Promise<AppliedEntry> {
  const entry = parseEntry(bytes, CHAIN.groupLog, groupId);
  requireLink(entry, state?.version ?? 0, state?.headHash ?? NO_PREVIOUS);
  const operation = parseOperation(entry.operation, entry.body);
  require(canDo(state, entry.author, operation), 'not-allowed');
  await verifyEntry(entry, await signingKeyOf(state, entry.author, operation));
  const next = await outcome(entry, state, operation);
  const heads = [...next.heads, { version: entry.sequence + 1, hash: entry.hash }].slice(-MAX_HEAD_MARKS);
  return {
    state: { ...next, version: entry.sequence + 1, headHash: entry.hash, heads },
    applied: { ...operation, author: entry.author },
  };
}

function outcome(entry: ChainEntry, state: GroupState | null, operation: GroupOperation): Promise<GroupState> {
  if (operation.type === 'create') return found(entry.chainId, entry.author, operation);
  if (state === null) throw new CryptoError('not-allowed');
  return changed(state, entry.author, operation);
}

/** A slot that holds nothing valid: bytes that do not open, or an entry that the rules refuse. */
export function skipSlot(state: GroupState): GroupState {
  require(state.version < MAX_VERSION, 'too-far-ahead');
  return { ...state, version: state.version + 1 };
}

/** Applies the entry in the next slot. Throws only when there is no group yet and this entry does not found it. */
export async function applyGroupEntry(state: GroupState | null, entry: Bytes, groupId?: Bytes): Promise<AppliedEntry> {
  const id = state?.groupId ?? groupId ?? entry.slice(2, 2 + GROUP_ID_BYTES);
  if (state === null) return applyValid(id, null, entry);
  const skipped = { state: skipSlot(state), applied: null };
  try {
    return await applyValid(id, state, entry);
  } catch (error) {
    if (error instanceof CryptoError) return skipped;
    throw error;
  }
}

/** Signs an operation for the next slot. Throws `not-allowed` rather than make an entry that everybody would skip. */
export async function signGroupOperation(
  author: GroupAuthor,
  groupId: Bytes,
  state: GroupState | null,
  operation: GroupOperation,
  random: RandomBytes,
): Promise<Bytes> {
  require(canDo(state, author.accountId, operation), 'not-allowed');
  const { code, body } = encodeOperation(operation);
  const entry = await signEntry(identitySigner(author.identityPrivateKey, random), {
    chain: CHAIN.groupLog,
    chainId: groupId,
    sequence: state?.version ?? 0,
    previousHash: state?.headHash ?? NO_PREVIOUS,
    operation: code,
    author: author.accountId,
    body,
  });
  const { applied } = await applyGroupEntry(state, entry, groupId);
  require(applied !== null, 'not-allowed');
  return entry;
}

/**
 * A `moved` that came pairwise, because the log itself is jammed (G19). It may be signed on any head, since heads may differ in a jam;
 * what counts is that its author is an admin in my state.
 */
export async function verifyMoved(state: GroupState, bytes: Bytes): Promise<{ newGroupId: Bytes; author: AccountId }> {
  const entry = parseEntry(bytes, CHAIN.groupLog, state.groupId);
  const operation = parseOperation(entry.operation, entry.body);
  require(operation.type === 'moved', 'wrong-kind');
  require(isAdmin(state, entry.author) && !equalBytes(operation.newGroupId, state.groupId), 'not-allowed');
  await verifyEntry(entry, await signingKeyOf(state, entry.author, operation));
  return { newGroupId: operation.newGroupId, author: entry.author };
}
