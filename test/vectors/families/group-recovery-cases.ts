/** What a newcomer does with a welcome (G13): back from its head to the founding, whatever else lies in the slots. */
import {
  applyGroupEntry,
  deriveEpochKeys,
  epochCommitment,
  type GroupOperation,
  type GroupState,
  sealLogEntry,
} from '../../../crypto/index.ts';
import type { JsonObject, Make } from '../family.ts';
import { type Bytes, fromHex, toHex } from '../hex.ts';
import { cut, replaced, turned } from '../spoil.ts';
import { type Cast, entryOf, type Person, POLICY, record } from './group-cast.ts';

type Epoch = { log: Bytes; commitment: Bytes };
/** A log of three epochs, and slots of a member that nobody applied in between. `heads` are those of the valid entries, oldest first. */
type Log = { slots: string[]; heads: Bytes[]; epochs: Epoch[] };

async function epochOf(secret: Bytes, groupId: Bytes, epoch: number): Promise<Epoch> {
  return { log: (await deriveEpochKeys(secret, groupId, epoch)).log, commitment: epochCommitment(secret, groupId, epoch) };
}

async function makeLog({ random }: Make, { groupId, anna, bert, clara }: Cast) {
  const epochs = [
    await epochOf(random(32), groupId, 1),
    await epochOf(random(32), groupId, 2),
    await epochOf(random(32), groupId, 3),
  ] as const;
  const log: Log = { slots: [], heads: [], epochs: [...epochs] };
  let state: GroupState | null = null;

  /** Any bytes under any key. Only who applies the slots knows whether it counts. */
  const seal = async (key: Bytes, epoch: number, entry: Bytes, previous: Bytes | null = null): Promise<string> =>
    toHex(await sealLogEntry(key, groupId, epoch, log.slots.length, entry, previous, random));
  const sign = async (author: Person, operation: GroupOperation): Promise<Bytes> =>
    fromHex(await entryOf(groupId, state, author, operation, random));
  async function add(author: Person, operation: GroupOperation, epoch: number, previous: Bytes | null = null): Promise<void> {
    const entry = await sign(author, operation);
    log.slots.push(await seal((log.epochs[epoch - 1] as Epoch).log, epoch, entry, previous));
    state = (await applyGroupEntry(state, entry, groupId)).state;
    log.heads.push((state as GroupState).headHash);
  }
  /** Nobody applied it: it keeps its slot. */
  function skip(sealed: string): void {
    log.slots.push(sealed);
    state = { ...(state as GroupState), version: log.slots.length };
  }
  const [one, two, three] = epochs;
  const found = () =>
    add(anna, { type: 'create', name: 'Choir', policy: POLICY, members: [anna, bert, clara].map(record), commitment: one.commitment }, 1);
  return { log, one, two, three, found, add, skip, seal, sign };
}

type Made = Awaited<ReturnType<typeof makeLog>>;

const idOf = ({ groupId }: Cast): string => toHex(groupId);

/** Three epochs and nothing else. Then what may be missing or wrong. */
async function makeHonest(make: Make, cast: Cast): Promise<void> {
  const { random, valid, invalid } = make;
  const { anna, bert, clara } = cast;
  const { log, one, two, three, found, add } = await makeLog(make, cast);
  await found();
  await add(anna, { type: 'rename', name: 'Trio' }, 1);
  await add(anna, { type: 'remove', accountId: clara.id, commitment: two.commitment }, 2, one.log);
  await add(anna, { type: 'rename', name: 'Duo' }, 2);
  await add(bert, { type: 'rotate', commitment: three.commitment }, 3, two.log);
  const { slots } = log;
  const head = (at: number): string => toHex(log.heads[at] as Bytes);
  const welcome = { groupId: idOf(cast), slots, epoch: 3, logKey: toHex(three.log), headHash: head(4) };
  await valid('a newcomer of the third epoch reads back to the first', ['Basic'], welcome);
  const second = { ...welcome, epoch: 2, logKey: toHex(two.log), headHash: head(3) };
  await valid('of the second: what came after his head is not asked', ['Basic'], second);
  await valid('of the second, whose head is the entry that opened it', ['Basic'], { ...second, headHash: head(2) });
  await valid('of the first', ['Basic'], { ...welcome, epoch: 1, logKey: toHex(one.log), headHash: head(1) });
  await valid('of the first slot', ['Basic'], {
    ...welcome,
    epoch: 1,
    logKey: toHex(one.log),
    headHash: head(0),
    slots: slots.slice(0, 1),
  });
  await valid('garbage at the end', ['Skipped'], { ...welcome, slots: [...slots, toHex(random(512))] });
  await valid('an entry shown twice', ['Skipped'], { ...welcome, slots: [...slots, slots[4] as string] });
  const refuse = (comment: string, kind: string, changes: JsonObject) =>
    invalid(comment, [kind], { ...welcome, ...changes }, 'broken-link');
  await refuse('under another key', 'WrongKey', { logKey: toHex(random(32)) });
  await refuse('under the key of the epoch before', 'WrongKey', { logKey: toHex(two.log) });
  await refuse('under another epoch’s number', 'WrongContext', { epoch: 2 });
  await refuse('in another group', 'WrongContext', { groupId: toHex(random(32)) });
  await refuse('another head', 'WrongHead', { headHash: turned(welcome.headHash, 31) });
  await refuse('the head of an earlier epoch', 'WrongHead', { headHash: head(3) });
  await refuse('no head', 'WrongHead', { headHash: '00'.repeat(32) });
  await refuse('truncated: without the entry of the head', 'BrokenLink', { slots: slots.slice(0, 4) });
  await refuse('no slot at all', 'BrokenLink', { slots: [] });
  await refuse('without the founding', 'BrokenLink', { slots: slots.slice(1) });
  await refuse('garbage in the place of the founding', 'BrokenLink', { slots: [toHex(random(512)), ...slots.slice(1)] });
  for (const [what, at] of [
    ['a rename', 1],
    ['the entry that opened the second epoch', 2],
    ['the entry that opened the third epoch', 4],
  ] as const) {
    const spoilt = slots.map((slot, n) => (n === at ? turned(slot, 200) : slot));
    await refuse(`one bit of ${what}`, 'BitFlip', { slots: spoilt });
  }
  await refuse('an entry left out: the ones after it do not open in their place', 'BrokenLink', { slots: slots.toSpliced(3, 1) });
  await refuse('two slots change places', 'BrokenLink', { slots: [slots[1] as string, slots[0] as string, ...slots.slice(2)] });
  await refuse('an epoch that says to be another', 'WrongContext', { slots: slots.with(2, replaced(slots[2] as string, 1, '00000001')) });
  await refuse('a slot cut', 'Malformed', { slots: slots.with(3, cut(slots[3] as string, 511)) });
}

/** Bert opened the second epoch and knows its key before anybody else. Anna goes on in a third. */
async function makePoisoned(make: Make, cast: Cast): Promise<void> {
  const { random, valid } = make;
  const { anna, bert } = cast;
  async function poisoned(comment: string, ...poison: ((made: Made) => Promise<string>)[]): Promise<void> {
    const made = await makeLog(make, cast);
    const { log, one, two, three, found, add, skip } = made;
    await found();
    for (const slot of poison) skip(await slot(made));
    await add(bert, { type: 'rotate', commitment: two.commitment }, 2, one.log);
    await add(anna, { type: 'rotate', commitment: three.commitment }, 3, two.log);
    const headHash = toHex(log.heads.at(-1) as Bytes);
    await valid(comment, ['Poisoned'], { groupId: idOf(cast), slots: log.slots, epoch: 3, logKey: toHex(three.log), headHash });
  }
  await poisoned(
    'a false rotation of one member: under the true key, with a commitment to another secret',
    async ({ seal, sign, one, two }) => seal(two.log, 2, await sign(bert, { type: 'rotate', commitment: random(32) }), one.log),
  );
  const falseKey = random(32);
  await poisoned(
    'a false previous log key, and something that opens under it',
    ({ seal }) => seal(falseKey, 1, random(8)),
    ({ seal, two }) => seal(two.log, 2, random(8), falseKey),
  );
  await poisoned(
    'well signed entries along the same false way',
    async ({ seal, sign }) => seal(falseKey, 1, await sign(bert, { type: 'rename', name: 'False' })),
    async ({ seal, sign, two }) => seal(two.log, 2, await sign(bert, { type: 'rotate', commitment: two.commitment }), falseKey),
  );
}

/** What the hashes lead through, and must not be there: no honest replica has applied it. */
async function makeFalseWays(make: Make, cast: Cast): Promise<void> {
  const { random, invalid } = make;
  const { anna } = cast;
  async function falseWay(comment: string, key: 1 | 2, operation: (made: Made) => GroupOperation, previous: (made: Made) => Bytes | null) {
    const made = await makeLog(make, cast);
    const { log, found, add } = made;
    await found();
    await add(anna, operation(made), key, previous(made));
    const logKey = toHex((log.epochs[key - 1] as Epoch).log);
    const headHash = toHex(log.heads.at(-1) as Bytes);
    await invalid(comment, ['FalseWay'], { groupId: idOf(cast), slots: log.slots, epoch: key, logKey, headHash }, 'broken-link');
  }
  const rotate = ({ two }: { two: Epoch }): GroupOperation => ({ type: 'rotate', commitment: two.commitment });
  const rename = (): GroupOperation => ({ type: 'rename', name: 'Trio' });
  await falseWay('a rotation that names a false previous log key', 2, rotate, () => random(32));
  await falseWay('a rotation that names none', 2, rotate, () => null);
  await falseWay('a rename that names the true one', 2, rename, ({ one }) => one.log);
  await falseWay('an entry of the first epoch that names one', 1, rotate, ({ one }) => one.log);
}

export async function makeRecoveries(make: Make, cast: Cast): Promise<void> {
  make.group('recover');
  await makeHonest(make, cast);
  await makePoisoned(make, cast);
  await makeFalseWays(make, cast);
}
