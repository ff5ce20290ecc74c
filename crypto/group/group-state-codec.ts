/**
 * A group state as bytes, for the vault and for comparing replicas. One state has one encoding; ours alone, never sent.
 *   version 1 ‖ group id 32 ‖ log version u32 ‖ heads 1 × (version u32 ‖ hash 32) ‖ epoch u32 ‖ commitment 32 ‖ rotation due 1 ‖ name
 *   ‖ policy 3 ‖ members u16 × (genesis 81 ‖ rotations ‖ identity key 32 ‖ role 1 ‖ joined u32)
 *   ‖ former u16 × (account 32 ‖ joined u32 ‖ left u32) ‖ moved 1 ‖ [new group id 32 ‖ author 32]
 * The identity key stands beside its rotations so that reading needs no signature check: what was verified once is trusted as the vault is.
 */
import type { Bytes } from '../bytes.ts';
import { CHAIN_ID_BYTES, HASH_BYTES } from '../chain/entry.ts';
import { require } from '../errors.ts';
import { type AccountId, accountIdFromBytes, accountIdToBytes } from '../keys/account-id.ts';
import { CURVE_KEY_BYTES, requireCurveKey } from '../keys/curve-key.ts';
import { accountIdOf, GENESIS_BYTES, parseGenesis } from '../keys/genesis-record.ts';
import { MAX_FORMER_MEMBERS, MAX_GROUP_MEMBERS, MAX_HEAD_MARKS } from '../limits.ts';
import { type Reader, reader } from '../wire/reader.ts';
import { writer } from '../wire/writer.ts';
import {
  COMMITMENT_BYTES,
  GROUP_ID_BYTES,
  readName,
  readPolicy,
  readRole,
  readRotations,
  writeName,
  writePolicy,
  writeRole,
  writeRotations,
} from './group-operation.ts';
import type { FormerMember, GroupMember, GroupState, HeadMark } from './group-state.ts';

const VERSION = 1;

// A thousand members, each with a few rotations; the vault's own bound is higher.
const MAX_STATE_BYTES = 16 * 1024 * 1024;

export function encodeGroupState(state: GroupState): Bytes {
  const to = writer().u8(VERSION).fixed(state.groupId, CHAIN_ID_BYTES).u32(state.version).u8(state.heads.length);
  for (const head of state.heads) to.u32(head.version).fixed(head.hash, HASH_BYTES);
  to.u32(state.epoch).fixed(state.epochCommitment, COMMITMENT_BYTES).flag(state.rotationDue);
  writePolicy(writeName(to, state.name), state.policy).u16(state.members.size);
  for (const member of state.members.values()) {
    writeRotations(to.fixed(member.genesis, GENESIS_BYTES), member.rotations).fixed(member.identityKey, CURVE_KEY_BYTES);
    writeRole(to, member.role).u32(member.joinedEpoch);
  }
  to.u16(state.former.size);
  for (const [id, stay] of state.former) to.fixed(accountIdToBytes(id), 32).u32(stay.joinedEpoch).u32(stay.leftEpoch);
  to.flag(state.moved !== undefined);
  if (state.moved) to.fixed(state.moved.newGroupId, GROUP_ID_BYTES).fixed(accountIdToBytes(state.moved.author), 32);
  return to.done();
}

function readHeads(from: Reader): HeadMark[] {
  const count = from.u8();
  require(count >= 1 && count <= MAX_HEAD_MARKS, 'malformed');
  return Array.from({ length: count }, () => ({ version: from.u32(), hash: from.bytes(HASH_BYTES) }));
}

function readMembers(from: Reader): Map<AccountId, GroupMember> {
  const members = new Map<AccountId, GroupMember>();
  const count = from.u16();
  require(count <= MAX_GROUP_MEMBERS, 'malformed');
  for (let i = 0; i < count; i++) {
    const genesis = from.bytes(GENESIS_BYTES);
    const rotations = readRotations(from);
    const identityKey = requireCurveKey(from.bytes(CURVE_KEY_BYTES));
    const role = readRole(from);
    const { accountKey } = parseGenesis(genesis);
    members.set(accountIdOf(genesis), { role, identityKey, accountKey, genesis, rotations, joinedEpoch: from.u32() });
  }
  require(members.size === count, 'malformed');
  return members;
}

function readFormer(from: Reader): Map<AccountId, FormerMember> {
  const former = new Map<AccountId, FormerMember>();
  const count = from.u16();
  require(count <= MAX_FORMER_MEMBERS, 'malformed');
  for (let i = 0; i < count; i++) {
    former.set(accountIdFromBytes(from.bytes(32)), { joinedEpoch: from.u32(), leftEpoch: from.u32() });
  }
  require(former.size === count, 'malformed');
  return former;
}

export function parseGroupState(bytes: Uint8Array): GroupState {
  const from = reader(bytes, MAX_STATE_BYTES);
  from.expect(VERSION, 'unsupported-version');
  const groupId = from.bytes(GROUP_ID_BYTES);
  const version = from.u32();
  const heads = readHeads(from);
  const state = {
    groupId,
    version,
    headHash: (heads.at(-1) as HeadMark).hash,
    heads,
    epoch: from.u32(),
    epochCommitment: from.bytes(COMMITMENT_BYTES),
    rotationDue: from.flag(),
    name: readName(from),
    policy: readPolicy(from),
    members: readMembers(from),
    former: readFormer(from),
  };
  const moved = from.flag() ? { newGroupId: from.bytes(GROUP_ID_BYTES), author: accountIdFromBytes(from.bytes(32)) } : undefined;
  from.end();
  return moved ? { ...state, moved } : state;
}
