import {
  type AccountId,
  applyGroupEntry,
  type Bytes,
  type EpochLogKey,
  type GroupOperation,
  type GroupPolicy,
  type GroupState,
  type RandomBytes,
  signGroupOperation,
} from '../../crypto/index.ts';
import { makeAccount, type TestAccount } from './accounts.ts';

export const OPEN_POLICY: GroupPolicy = { add: 'admin', edit: 'moderator', post: 'member' };

export type TestGroup = {
  groupId: Bytes;
  random: RandomBytes;
  people: TestAccount[];
  /** Every entry of the log, valid or not. */
  entries: Bytes[];
  state: GroupState;
};

export function record(account: TestAccount): { genesis: Bytes } {
  return { genesis: account.genesisBytes };
}

export async function makeAccounts(count: number, random: RandomBytes): Promise<TestAccount[]> {
  const people: TestAccount[] = [];
  for (let i = 0; i < count; i++) people.push(await makeAccount(random));
  return people;
}

export function authorOf(account: TestAccount): { accountId: AccountId; identityPrivateKey: Bytes } {
  return { accountId: account.accountId, identityPrivateKey: account.identity.privateKey };
}

/** The first person founds it, as admin; the others are members. */
export async function makeGroup(people: TestAccount[], random: RandomBytes, policy = OPEN_POLICY): Promise<TestGroup> {
  const groupId = random(32);
  const create: GroupOperation = { type: 'create', name: 'Choir', policy, members: people.map(record), commitment: random(32) };
  const entry = await signGroupOperation(authorOf(people[0] as TestAccount), groupId, null, create, random);
  const { state } = await applyGroupEntry(null, entry);
  return { groupId, random, people, entries: [entry], state };
}

export async function perform(group: TestGroup, author: TestAccount, operation: GroupOperation): Promise<void> {
  const entry = await signGroupOperation(authorOf(author), group.groupId, group.state, operation, group.random);
  await append(group, entry);
}

/** What any member with the log key can do: put any bytes into the next slot. */
export async function append(group: TestGroup, entry: Bytes): Promise<boolean> {
  const { state, applied } = await applyGroupEntry(group.state, entry);
  group.state = state;
  group.entries.push(entry);
  return applied !== null;
}

export async function replay(entries: readonly Bytes[]): Promise<GroupState> {
  let state: GroupState | null = null;
  for (const entry of entries) state = (await applyGroupEntry(state, entry)).state;
  return state as GroupState;
}

/** Log keys as a member holds them, each confirmed by use. */
export function keyring(keys: ReadonlyMap<number, Bytes>): (epoch: number) => readonly EpochLogKey[] {
  return (epoch) => {
    const log = keys.get(epoch);
    return log ? [{ log, confirmed: true }] : [];
  };
}
