/**
 * The operations of the group log and their bodies (D5), carried by the chain codec (chain/entry.ts) with the group id as chain id.
 *   create 1   name (u32 length ‖ UTF-8) ‖ policy 3 ‖ commitment 32 ‖ members      add 2      members
 *   remove 3   account 32 ‖ commitment 32                                           leave 4    nothing
 *   setRole 5  account 32 ‖ role 1                                                  rename 6   name
 *   policy 7   policy 3                                                             rotate 8   commitment 32
 *   rekey 9    account 32 ‖ rotation entry (u32 length ‖ bytes)                     moved 10   new group id 32
 *   members = count u16 ‖ count × (genesis record 81 ‖ rotations 1 ‖ rotations × (u32 length ‖ rotation entry))
 *   policy  = role that may add 1 ‖ role that may edit the name 1 ‖ role that may post 1      role: 1 member, 2 moderator, 3 admin
 * Form only: who may do what stands in group-rules.ts.
 */
import type { Bytes } from '../bytes.ts';
import { CryptoError, require } from '../errors.ts';
import { type AccountId, accountIdFromBytes, accountIdToBytes } from '../keys/account-id.ts';
import { GENESIS_BYTES } from '../keys/genesis-record.ts';
import { MAX_CHAIN_ENTRY_BYTES, MAX_GROUP_MEMBERS, MAX_GROUP_NAME_BYTES, MAX_IDENTITY_ROTATIONS } from '../limits.ts';
import { type Reader, reader } from '../wire/reader.ts';
import { type Writer, writer } from '../wire/writer.ts';

/** In rising order of what they may do. */
export const ROLES = ['member', 'moderator', 'admin'] as const;
export type Role = (typeof ROLES)[number];

/** The least role that may add members, change the name, write messages. */
export type GroupPolicy = { add: Role; edit: Role; post: Role };

/** An account as `create` and `add` carry it: what its id is the hash of, and how its identity key came to be (D6). */
export type MemberRecord = { genesis: Bytes; rotations?: readonly Bytes[] };

export type GroupOperation =
  | { type: 'create'; name: string; policy: GroupPolicy; members: readonly MemberRecord[]; commitment: Bytes }
  | { type: 'add'; members: readonly MemberRecord[] }
  | { type: 'remove'; accountId: AccountId; commitment: Bytes }
  | { type: 'leave' }
  | { type: 'setRole'; accountId: AccountId; role: Role }
  | { type: 'rename'; name: string }
  | { type: 'policy'; policy: GroupPolicy }
  | { type: 'rotate'; commitment: Bytes }
  | { type: 'rekey'; accountId: AccountId; rotation: Bytes }
  | { type: 'moved'; newGroupId: Bytes };

export const COMMITMENT_BYTES = 32;
export const GROUP_ID_BYTES = 32;

const CODE: Record<GroupOperation['type'], number> = {
  create: 1,
  add: 2,
  remove: 3,
  leave: 4,
  setRole: 5,
  rename: 6,
  policy: 7,
  rotate: 8,
  rekey: 9,
  moved: 10,
};

// A rotation entry is 203 bytes; the rest is room for a later version of it.
const MAX_ROTATION_BYTES = 1_024;

// C0 and C1 controls: a name is one line, and must not be able to imitate the end of one.
const CONTROL = /\p{Cc}/u;

export function isGroupName(name: string): boolean {
  return name !== '' && !CONTROL.test(name);
}

export function writeRole(to: Writer, role: Role): Writer {
  return to.u8(ROLES.indexOf(role) + 1);
}

export function readRole(from: Reader): Role {
  const role = ROLES[from.u8() - 1];
  if (role === undefined) throw new CryptoError('malformed');
  return role;
}

export function writePolicy(to: Writer, policy: GroupPolicy): Writer {
  for (const role of [policy.add, policy.edit, policy.post]) writeRole(to, role);
  return to;
}

export function readPolicy(from: Reader): GroupPolicy {
  return { add: readRole(from), edit: readRole(from), post: readRole(from) };
}

export function writeName(to: Writer, name: string): Writer {
  require(isGroupName(name), 'malformed');
  return to.text(name, MAX_GROUP_NAME_BYTES);
}

export function readName(from: Reader): string {
  const name = from.text(MAX_GROUP_NAME_BYTES);
  require(isGroupName(name), 'malformed');
  return name;
}

export function writeRotations(to: Writer, rotations: readonly Bytes[]): Writer {
  require(rotations.length <= MAX_IDENTITY_ROTATIONS, 'too-large');
  to.u8(rotations.length);
  for (const rotation of rotations) to.sized(rotation, MAX_ROTATION_BYTES);
  return to;
}

export function readRotations(from: Reader): Bytes[] {
  const count = from.u8();
  require(count <= MAX_IDENTITY_ROTATIONS, 'too-large');
  return Array.from({ length: count }, () => from.sized(MAX_ROTATION_BYTES));
}

function writeMembers(to: Writer, members: readonly MemberRecord[]): Writer {
  require(members.length <= MAX_GROUP_MEMBERS, 'too-large');
  to.u16(members.length);
  for (const member of members) writeRotations(to.fixed(member.genesis, GENESIS_BYTES), member.rotations ?? []);
  return to;
}

function readMembers(from: Reader): MemberRecord[] {
  const count = from.u16();
  require(count <= MAX_GROUP_MEMBERS, 'too-large');
  return Array.from({ length: count }, () => ({ genesis: from.bytes(GENESIS_BYTES), rotations: readRotations(from) }));
}

export function encodeOperation(operation: GroupOperation): { code: number; body: Bytes } {
  const to = writer();
  switch (operation.type) {
    case 'create':
      writePolicy(writeName(to, operation.name), operation.policy).fixed(operation.commitment, COMMITMENT_BYTES);
      writeMembers(to, operation.members);
      break;
    case 'add':
      writeMembers(to, operation.members);
      break;
    case 'remove':
      to.fixed(accountIdToBytes(operation.accountId), 32).fixed(operation.commitment, COMMITMENT_BYTES);
      break;
    case 'leave':
      break;
    case 'setRole':
      writeRole(to.fixed(accountIdToBytes(operation.accountId), 32), operation.role);
      break;
    case 'rename':
      writeName(to, operation.name);
      break;
    case 'policy':
      writePolicy(to, operation.policy);
      break;
    case 'rotate':
      to.fixed(operation.commitment, COMMITMENT_BYTES);
      break;
    case 'rekey':
      to.fixed(accountIdToBytes(operation.accountId), 32).sized(operation.rotation, MAX_ROTATION_BYTES);
      break;
    case 'moved':
      to.fixed(operation.newGroupId, GROUP_ID_BYTES);
      break;
  }
  return { code: CODE[operation.type], body: to.done() };
}

function readOperation(code: number, from: Reader): GroupOperation {
  switch (code) {
    case CODE.create: {
      const name = readName(from);
      const policy = readPolicy(from);
      const commitment = from.bytes(COMMITMENT_BYTES);
      return { type: 'create', name, policy, commitment, members: readMembers(from) };
    }
    case CODE.add:
      return { type: 'add', members: readMembers(from) };
    case CODE.remove:
      return { type: 'remove', accountId: accountIdFromBytes(from.bytes(32)), commitment: from.bytes(COMMITMENT_BYTES) };
    case CODE.leave:
      return { type: 'leave' };
    case CODE.setRole:
      return { type: 'setRole', accountId: accountIdFromBytes(from.bytes(32)), role: readRole(from) };
    case CODE.rename:
      return { type: 'rename', name: readName(from) };
    case CODE.policy:
      return { type: 'policy', policy: readPolicy(from) };
    case CODE.rotate:
      return { type: 'rotate', commitment: from.bytes(COMMITMENT_BYTES) };
    case CODE.rekey:
      return { type: 'rekey', accountId: accountIdFromBytes(from.bytes(32)), rotation: from.sized(MAX_ROTATION_BYTES) };
    case CODE.moved:
      return { type: 'moved', newGroupId: from.bytes(GROUP_ID_BYTES) };
    default:
      throw new CryptoError('unsupported-version');
  }
}

export function parseOperation(code: number, body: Uint8Array): GroupOperation {
  const from = reader(body, MAX_CHAIN_ENTRY_BYTES);
  const operation = readOperation(code, from);
  from.end();
  return operation;
}
