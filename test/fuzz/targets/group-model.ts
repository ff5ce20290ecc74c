/**
 * A sealed group log that honest members, a hostile member and the relay fill: true entries, entries that are not allowed, slots moved,
 * damaged and made up. A member of the first day and a newcomer with the newest key alone must come to the same state.
 */
import {
  applyLogSlot,
  type Bytes,
  CryptoError,
  deriveEpochKeys,
  encodeGroupState,
  epochCommitment,
  type GroupOperation,
  type GroupState,
  type RandomBytes,
  ROLES,
  recoverEpochs,
  sealLogEntry,
  signGroupOperation,
} from '../../../crypto/index.ts';
import type { TestAccount } from '../../support/accounts.ts';
import { authorOf, keyring, makeAccounts, OPEN_POLICY, record } from '../../support/groups.ts';
import { seededRandom } from '../../support/seeded-random.ts';
import { cryptoTarget, demand, same } from '../target.ts';
import { type Schedule, scheduleOf } from './schedule.ts';

const MAX_EVENTS = 24;

type Log = {
  groupId: Bytes;
  random: RandomBytes;
  people: TestAccount[];
  state: GroupState | null;
  slots: Bytes[];
  keys: Map<number, Bytes>;
};

async function openEpoch(log: Log, epoch: number): Promise<{ commitment: Bytes; key: Bytes }> {
  const secret = log.random(32);
  return { commitment: epochCommitment(secret, log.groupId, epoch), key: (await deriveEpochKeys(secret, log.groupId, epoch)).log };
}

async function take(log: Log, sealed: Bytes): Promise<void> {
  const before = log.state && encodeGroupState(log.state);
  const given = log.state;
  const result = await applyLogSlot(log.state, log.groupId, sealed, keyring(log.keys));
  demand(result !== null, 'who has all keys cannot judge a slot');
  if (given && before) demand(same(encodeGroupState(given), before), 'the state given has changed');
  log.slots.push(sealed);
  log.state = result.state;
}

function operationOf(log: Log, schedule: Schedule, commitment: Bytes): GroupOperation {
  const someone = log.people[schedule.next(log.people.length)] as TestAccount;
  const { accountId } = someone;
  const role = ROLES[schedule.next(3)] ?? 'member';
  const operations: GroupOperation[] = [
    { type: 'rotate', commitment },
    { type: 'remove', accountId, commitment },
    { type: 'add', members: [record(someone)] },
    { type: 'setRole', accountId, role },
    { type: 'rename', name: `Choir ${schedule.next(5)}` },
    { type: 'policy', policy: { add: role, edit: 'member', post: role } },
    { type: 'leave' },
  ];
  return operations[schedule.next(operations.length)] as GroupOperation;
}

/** Signed and sealed as the rules say, or not at all when the rules forbid it. */
async function act(log: Log, schedule: Schedule, author: TestAccount): Promise<void> {
  const state = log.state as GroupState;
  const fresh = await openEpoch(log, state.epoch + 1);
  const operation = operationOf(log, schedule, fresh.commitment);
  const opens = operation.type === 'rotate' || operation.type === 'remove';
  const entry = await signGroupOperation(authorOf(author), log.groupId, state, operation, log.random).catch((error: unknown) => {
    demand(error instanceof CryptoError && error.code === 'not-allowed', 'refused for another reason');
    return null;
  });
  if (!entry) return;
  const epoch = state.epoch + (opens ? 1 : 0);
  if (opens) log.keys.set(epoch, fresh.key);
  const previous = opens ? (log.keys.get(epoch - 1) as Bytes) : null;
  const key = log.keys.get(epoch) as Bytes;
  await take(log, await sealLogEntry(key, log.groupId, epoch, state.version, entry, previous, log.random));
  if (opens) demand((log.state as GroupState).epoch === epoch, 'a true entry is skipped');
}

async function meddle(log: Log, schedule: Schedule): Promise<void> {
  const old = (log.slots[schedule.next(log.slots.length)] as Bytes).slice();
  const kind = schedule.next(4);
  if (kind === 0) return take(log, log.random(schedule.next(2) === 0 ? 512 : schedule.next(200)));
  if (kind === 1) return take(log, old);
  if (kind === 2) {
    const at = schedule.next(256) % old.length;
    old[at] = (old[at] as number) ^ (1 + schedule.next(255));
    return take(log, old);
  }
  // A member seals garbage under the true key.
  const state = log.state as GroupState;
  const key = log.keys.get(state.epoch) as Bytes;
  const previous = schedule.next(2) === 0 ? null : (log.keys.get(state.epoch - 1) ?? log.random(32));
  await take(log, await sealLogEntry(key, log.groupId, state.epoch, state.version, log.random(schedule.next(250)), previous, log.random));
}

async function newcomer(log: Log): Promise<GroupState | null> {
  const { epoch, headHash } = log.state as GroupState;
  const found = await recoverEpochs(log.groupId, log.slots, epoch, log.keys.get(epoch) as Bytes, headHash);
  let state: GroupState | null = null;
  for (const sealed of log.slots) {
    const result = await applyLogSlot(state, log.groupId, sealed, (at) => {
      const known = found.get(at);
      return known ? [{ ...known, confirmed: true }] : [];
    });
    demand(result !== null, 'a newcomer cannot judge a slot');
    state = result.state;
  }
  return state;
}

async function run(input: Bytes, people: TestAccount[], random: RandomBytes): Promise<void> {
  const schedule = scheduleOf(input);
  const log: Log = { groupId: random(32), random, people, state: null, slots: [], keys: new Map() };
  const { commitment, key } = await openEpoch(log, 1);
  log.keys.set(1, key);
  const create: GroupOperation = {
    type: 'create',
    name: 'Choir',
    policy: OPEN_POLICY,
    members: people.slice(0, 3).map(record),
    commitment,
  };
  const entry = await signGroupOperation(authorOf(people[0] as TestAccount), log.groupId, null, create, random);
  await take(log, await sealLogEntry(key, log.groupId, 1, 0, entry, null, random));
  for (let i = 0; i < MAX_EVENTS && !schedule.ended(); i++) {
    if (schedule.next(3) === 0) await meddle(log, schedule);
    else await act(log, schedule, people[schedule.next(3) === 0 ? schedule.next(people.length) : 0] as TestAccount);
  }
  const state = log.state as GroupState;
  demand(state.version === log.slots.length, 'a slot is not counted');
  demand(same(encodeGroupState((await newcomer(log)) as GroupState), encodeGroupState(state)), 'a newcomer stands elsewhere');
}

export const groupModel = cryptoTarget(
  'a group log and who fills it',
  'heavy',
  ['applyLogSlot', 'recoverEpochs', 'signGroupOperation'],
  async (random) => {
    const people = await makeAccounts(4, random);
    return { samples: [20, 60, 120].map((length) => random(length)), feed: (input) => run(input, people, seededRandom('group model')) };
  },
);
