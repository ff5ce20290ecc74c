import {
  applyGroupEntry,
  applyLogSlot,
  type Bytes,
  deriveEpochKeys,
  encodeGroupState,
  epochCommitment,
  type GroupOperation,
  type GroupState,
  openLogEntry,
  parseGroupState,
  peekLogEntryEpoch,
  type RandomBytes,
  recoverEpochs,
  sealLogEntry,
  sealRecord,
  signGroupOperation,
  verifyMoved,
  KIND,
  LABEL,
} from '../../../crypto/index.ts';
import { CHAIN, signEntry } from '../../../crypto/chain/entry.ts';
import { encodeOperation, parseOperation } from '../../../crypto/group/group-operation.ts';
import { identitySigner } from '../../../crypto/keys/signature.ts';
import { writer } from '../../../crypto/wire/writer.ts';
import { authorOf, keyring, makeAccounts, OPEN_POLICY, record } from '../../support/groups.ts';
import type { TestAccount } from '../../support/accounts.ts';
import { cryptoTarget, demand, demandGenuine, pack, same, type Target, unpack } from '../target.ts';

type Setting = {
  people: [TestAccount, TestAccount, TestAccount];
  groupId: Bytes;
  operations: GroupOperation[];
  entries: Bytes[];
  slots: Bytes[];
  /** Before each entry; the last is the present one. */
  states: (GroupState | null)[];
  keys: Map<number, Bytes>;
};

/** A group of three that was renamed, opened a second epoch, and got other rules. */
async function makeSetting(random: RandomBytes): Promise<Setting> {
  const people = (await makeAccounts(3, random)) as Setting['people'];
  const groupId = random(32);
  const secrets = [random(32), random(32)] as const;
  const [first, second] = secrets.map((secret, i) => epochCommitment(secret, groupId, i + 1)) as [Bytes, Bytes];
  const logs = await Promise.all(secrets.map((secret, i) => deriveEpochKeys(secret, groupId, i + 1)));
  const keys = new Map(logs.map(({ log }, i) => [i + 1, log]));
  const operations: GroupOperation[] = [
    { type: 'create', name: 'Choir', policy: OPEN_POLICY, members: people.slice(0, 2).map(record), commitment: first },
    { type: 'rename', name: 'Quartet' },
    { type: 'rotate', commitment: second },
    { type: 'add', members: [record(people[2])] },
    { type: 'setRole', accountId: people[1].accountId, role: 'moderator' },
    { type: 'policy', policy: { add: 'member', edit: 'member', post: 'moderator' } },
  ];
  const states: (GroupState | null)[] = [null];
  const entries: Bytes[] = [];
  const slots: Bytes[] = [];
  for (const [slot, operation] of operations.entries()) {
    const state = states.at(-1) ?? null;
    const entry = await signGroupOperation(authorOf(people[0]), groupId, state, operation, random);
    const epoch = slot < 2 ? 1 : 2;
    const previous = operation.type === 'rotate' ? (keys.get(1) as Bytes) : null;
    slots.push(await sealLogEntry(keys.get(epoch) as Bytes, groupId, epoch, slot, entry, previous, random));
    entries.push(entry);
    states.push((await applyGroupEntry(state, entry, groupId)).state);
  }
  return { people, groupId, operations, entries, slots, states, keys };
}

const at = (setting: Setting, slot: number): GroupState => setting.states[slot] as GroupState;

/** What skipping means: nothing but the version moves. */
function demandSkipped(before: GroupState, after: GroupState): void {
  demand(same(encodeGroupState({ ...before, version: before.version + 1 }), encodeGroupState(after)), 'a skipped slot changes the group');
}

function demandWhole(before: GroupState, after: GroupState): void {
  demand(after.version === before.version + 1, 'another version');
  demand(after.members.size > 0 && after.members.size <= 1_000, 'a group of nobody, or of too many');
  demand(
    [...after.members.values()].some(({ role }) => role === 'admin'),
    'a group without an admin',
  );
  demand(
    same(encodeGroupState(parseGroupState(encodeGroupState(after))), encodeGroupState(after)),
    'a state that is not read as it was written',
  );
}

/** The replica must be the same bytes afterwards, whatever was applied to it. */
function watch(state: GroupState): () => void {
  const before = encodeGroupState(state);
  return () => demand(same(encodeGroupState(state), before), 'the state given has changed');
}

export const groupLogTargets: readonly Target[] = [
  cryptoTarget('group operation', 'parse', ['parseOperation'], async (random) => {
    const { operations, people } = await makeSetting(random);
    const more: GroupOperation[] = [
      { type: 'remove', accountId: people[1].accountId, commitment: random(32) },
      { type: 'leave' },
      { type: 'rekey', accountId: people[1].accountId, rotation: random(203) },
      { type: 'moved', newGroupId: random(32) },
    ];
    const encode = (operation: GroupOperation): Bytes => {
      const { code, body } = encodeOperation(operation);
      return writer().u8(code).fixed(body, body.length).done();
    };
    return {
      samples: [...operations, ...more].map(encode),
      feed(input) {
        const operation = parseOperation(input[0] ?? 0, input.subarray(1));
        demand(same(encode(operation), input), 'two encodings of one operation');
      },
    };
  }),
  cryptoTarget('group entry', 'compute', ['applyGroupEntry'], async (random) => {
    const setting = await makeSetting(random);
    const state = at(setting, 2);
    const genuine = [setting.entries[2] as Bytes];
    const check = watch(state);
    return {
      samples: setting.entries,
      async feed(input) {
        const { state: after, applied } = await applyGroupEntry(state, input, setting.groupId);
        check();
        if (applied) demandGenuine(input, genuine);
        else demandSkipped(state, after);
      },
    };
  }),
  cryptoTarget('group entry, founding', 'compute', ['applyGroupEntry'], async (random) => {
    const { entries, groupId } = await makeSetting(random);
    return {
      samples: [entries[0] as Bytes],
      async feed(input) {
        await applyGroupEntry(null, input, groupId);
        demandGenuine(input, entries);
      },
    };
  }),
  cryptoTarget('group entry, any operation under a true signature', 'compute', ['applyGroupEntry'], async (random) => {
    const setting = await makeSetting(random);
    const { people, groupId, operations } = setting;
    const state = at(setting, operations.length);
    const check = watch(state);
    const bodies = operations.map((operation) => encodeOperation(operation));
    return {
      // Author, operation, body.
      samples: bodies.map(({ code, body }, i) =>
        writer()
          .u8(i % 3)
          .u8(code)
          .fixed(body, body.length)
          .done(),
      ),
      async feed(input) {
        const author = people[(input[0] ?? 0) % 3] as TestAccount;
        const entry = await signEntry(identitySigner(author.identity.privateKey, random), {
          chain: CHAIN.groupLog,
          chainId: groupId,
          sequence: state.version,
          previousHash: state.headHash,
          operation: input[1] ?? 0,
          author: author.accountId,
          body: input.slice(2),
        });
        const { state: after, applied } = await applyGroupEntry(state, entry, groupId);
        check();
        if (applied) demandWhole(state, after);
        else demandSkipped(state, after);
      },
    };
  }),
  cryptoTarget('moved', 'compute', ['verifyMoved'], async (random) => {
    const setting = await makeSetting(random);
    const state = at(setting, setting.operations.length);
    const { groupId, people } = setting;
    const moved = await signGroupOperation(authorOf(people[0]), groupId, state, { type: 'moved', newGroupId: random(32) }, random);
    const check = watch(state);
    return {
      samples: [moved],
      async feed(input) {
        await verifyMoved(state, input).finally(check);
        demandGenuine(input, [moved]);
      },
    };
  }),
  cryptoTarget('log slot', 'compute', ['openLogEntry', 'peekLogEntryEpoch'], async (random) => {
    const { slots, keys, groupId } = await makeSetting(random);
    const log = keys.get(2) as Bytes;
    const genuine = [slots[2] as Bytes];
    return {
      samples: genuine,
      held: [log, groupId],
      async feed(input) {
        peekLogEntryEpoch(input);
        await openLogEntry(log, groupId, 2, input);
        demandGenuine(input, genuine);
      },
    };
  }),
  cryptoTarget('log slot, anything under a true seal', 'compute', ['openLogEntry', 'applyLogSlot'], async (random) => {
    const setting = await makeSetting(random);
    const { keys, groupId, entries } = setting;
    const state = at(setting, 2);
    const check = watch(state);
    const log = keys.get(2) as Bytes;
    const aad = writer().u8(1).fixed(groupId, 32).u32(2).u32(2).done();
    const head = Uint8Array.of(1, 0, 0, 0, 2);
    const rotate = entries[2] as Bytes;
    const content = writer()
      .sized(rotate, 1_000)
      .flag(true)
      .fixed(keys.get(1) as Bytes, 32)
      .done();
    const padded = new Uint8Array(512 - 5 - 48);
    padded.set(content);
    return {
      samples: [padded],
      held: [log, groupId],
      async feed(input) {
        const sealed = await sealRecord(log, LABEL.groupLog, KIND.groupLog, aad, input, random);
        const slot = new Uint8Array(5 + sealed.length);
        slot.set(head);
        slot.set(sealed, 5);
        const result = await applyLogSlot(state, groupId, slot, keyring(keys));
        check();
        demand(result !== null, 'a slot that a confirmed key opens is not judged');
        if (result.applied) demand(same(input, padded), 'two slots of one entry');
        else demandSkipped(state, result.state);
      },
    };
  }),
  cryptoTarget('log slot, applied', 'compute', ['applyLogSlot'], async (random) => {
    const setting = await makeSetting(random);
    const { keys, groupId, slots } = setting;
    const state = at(setting, 2);
    const check = watch(state);
    return {
      samples: slots,
      held: [...keys.values(), groupId],
      async feed(input) {
        const result = await applyLogSlot(state, groupId, input, keyring(keys));
        check();
        if (result?.applied) demandGenuine(input, [slots[2] as Bytes]);
        else if (result) demandSkipped(state, result.state);
      },
    };
  }),
  cryptoTarget('log keys from a whole log', 'compute', ['recoverEpochs'], async (random) => {
    const setting = await makeSetting(random);
    const { keys, groupId, slots, states } = setting;
    const { headHash } = at(setting, states.length - 1);
    const [first, newest] = [keys.get(1) as Bytes, keys.get(2) as Bytes];
    return {
      samples: [pack(slots)],
      held: [newest, groupId],
      async feed(input) {
        const found = await recoverEpochs(groupId, unpack(input, 60), 2, newest, headHash);
        demand(same(found.get(1)?.log as Bytes, first), 'a key that is none');
      },
    };
  }),
  cryptoTarget('group state, stored', 'parse', ['parseGroupState'], async (random) => {
    const setting = await makeSetting(random);
    return {
      samples: setting.states.slice(1).map((state) => encodeGroupState(state as GroupState)),
      feed: (input) => demand(same(encodeGroupState(parseGroupState(input)), input), 'two encodings of one state'),
    };
  }),
];
