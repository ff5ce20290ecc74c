/** G7 to G19, C12: the signed log of a group: entries, sealed slots, heads. */
import {
  type AccountId,
  accountIdToBytes,
  applyGroupEntry,
  applyLogSlot,
  compareHead,
  CryptoError,
  encodeGroupState,
  type GroupState,
  openLogEntry,
  parseGroupState,
  recoverEpochs,
  verifyMoved,
} from '../../../crypto/index.ts';
import { NO_PREVIOUS } from '../../../crypto/chain/entry.ts';

import { generateGroupLog } from './group-log-cases.ts';
import type { Family, Given, JsonObject } from '../family.ts';
import { type Bytes, toHex } from '../hex.ts';
import { agreed, hashOf } from '../independent.ts';
import { flag, hex, int, list, nullable, object, oneOf, text } from '../shape.ts';

const idHex = (id: AccountId): string => toHex(accountIdToBytes(id));

const stateShape = object({
  bytes: hex(),
  version: int,
  headHash: hex(32),
  epoch: int,
  rotationDue: flag,
  name: text,
  members: list(object({ accountId: hex(32), role: oneOf('admin', 'moderator', 'member'), joinedEpoch: int, identityKey: hex(32) })),
  former: list(object({ accountId: hex(32), joinedEpoch: int, leftEpoch: int })),
  movedTo: nullable(hex(32)),
});

const stateJson = (state: GroupState): JsonObject => ({
  bytes: toHex(encodeGroupState(state)),
  version: state.version,
  headHash: toHex(state.headHash),
  epoch: state.epoch,
  rotationDue: state.rotationDue,
  name: state.name,
  members: [...state.members].map(([id, { role, joinedEpoch, identityKey }]) => ({
    accountId: idHex(id),
    role,
    joinedEpoch,
    identityKey: toHex(identityKey),
  })),
  former: [...state.former].map(([id, { joinedEpoch, leftEpoch }]) => ({ accountId: idHex(id), joinedEpoch, leftEpoch })),
  movedTo: state.moved ? toHex(state.moved.newGroupId) : null,
});

async function replay(groupId: Bytes, entries: Bytes[]): Promise<JsonObject> {
  let state: GroupState | null = null;
  const applied: string[] = [];
  let head: Uint8Array = NO_PREVIOUS;
  for (const entry of entries) {
    const next = await applyGroupEntry(state, entry, groupId);
    state = next.state;
    applied.push(next.applied?.type ?? 'skipped');
    if (next.applied) head = hashOf('Sottovoce v1 chain entry', entry);
  }
  if (!state) throw new CryptoError('malformed');
  agreed('head hash', state.headHash, head);
  return { applied, state: stateJson(state) };
}

async function replaySlots(input: JsonObject, { bytes }: Given): Promise<JsonObject> {
  const groupId = bytes(input['groupId']);
  const keys = (input['keys'] as JsonObject[]).map((key) => ({
    epoch: Number(key['epoch']),
    log: bytes(key['log']),
    commitment: bytes(key['commitment']),
    confirmed: key['confirmed'] === true,
  }));
  let state: GroupState | null = null;
  const applied: string[] = [];
  for (const slot of input['slots'] as string[]) {
    const next: Awaited<ReturnType<typeof applyLogSlot>> = await applyLogSlot(state, groupId, bytes(slot), (epoch) =>
      keys.filter((key) => key.epoch === epoch),
    );
    applied.push(next ? (next.applied?.type ?? 'skipped') : 'not judged');
    if (!next) break;
    state = next.state;
  }
  if (!state) throw new CryptoError('malformed');
  return { applied, state: stateJson(state) };
}

export const groupLog: Family = {
  name: 'group-log',
  algorithm: 'Group log (G7 to G19)',
  notes: {
    Basic: { bugType: 'BASIC', description: 'Logs as members write them, and the state they come to, byte for byte.' },
    Bounds: { bugType: 'EDGE_CASE', description: 'Names, counts, lengths and epochs at their bounds, and one past them.' },
    Rules: {
      bugType: 'AUTH_BYPASS',
      description: 'Every line of G10: allowed, or well signed and not allowed.',
      effect: 'Somebody enters a group whom nobody who may has let in.',
      links: ['https://eprint.iacr.org/2017/713'],
    },
    BadSignature: { bugType: 'MISSING_STEP', description: 'Not signed by the key the author has at that point.' },
    BrokenLink: { bugType: 'MISSING_STEP', description: 'Does not follow the last valid entry, or is missing.' },
    WrongContext: { bugType: 'CONFUSION', description: 'Of another group, place or epoch.' },
    WrongKind: { bugType: 'CONFUSION', description: 'Another chain’s entry, or another operation than asked for.' },
    WrongHead: { bugType: 'STATE', description: 'Another head than that of the log.' },
    WrongKey: { bugType: 'CONFIDENTIALITY', description: 'Another log key.' },
    BitFlip: { bugType: 'AUTH_BYPASS', description: 'A changed slot.' },
    Skipped: {
      bugType: 'STATE',
      description: 'A slot that holds nothing valid: it keeps its number and changes nothing else.',
      effect: 'Replicas come to different states.',
    },
    Unjudged: {
      bugType: 'STATE',
      description: 'A slot of the next epoch under a key that is not here: neither applied nor skipped.',
      effect: 'A wrong secret makes somebody skip a good slot.',
    },
    Poisoned: {
      bugType: 'STATE',
      description:
        'Well sealed slots by which one member would lead newcomers astray; nobody applied them, and no hash leads through them.',
      effect: 'One member keeps everybody who is added later from reading the log.',
    },
    FalseWay: {
      bugType: 'STATE',
      description: 'An entry on the way back from the head that names a log key it must not, or a wrong one.',
    },
    Head: { bugType: 'STATE', description: 'Heads that others report.' },
    Fork: { bugType: 'AUTH_BYPASS', description: 'Two histories.', effect: 'The relay shows two members two groups.' },
    Malformed: { bugType: 'MALFORMED', description: 'Bytes that are no entry or slot; bodies are well signed.' },
  },
  shapes: {
    replay: { input: { groupId: hex(32), entries: list(hex()) }, expected: { applied: list(text), state: stateShape } },
    entry: { input: { state: hex(), entry: hex() }, expected: { applied: text, state: stateShape } },
    slots: {
      input: {
        groupId: hex(32),
        slots: list(hex()),
        keys: list(object({ epoch: int, log: hex(32), commitment: hex(32), confirmed: flag })),
      },
      expected: { applied: list(text), state: stateShape },
    },
    recover: {
      input: { groupId: hex(32), slots: list(hex()), epoch: int, logKey: hex(32), headHash: hex(32) },
      expected: { epochs: list(object({ epoch: int, log: hex(32), commitment: hex(32) })) },
    },
    open: {
      input: { logKey: hex(32), groupId: hex(32), slot: int, sealed: hex() },
      expected: { entry: hex(), previousLogKey: nullable(hex(32)) },
    },
    head: {
      input: { state: hex(), version: int, headHash: hex(32) },
      expected: { compared: oneOf('same', 'ahead', 'differs', 'too-old') },
    },
    moved: { input: { state: hex(), entry: hex() }, expected: { author: hex(32), newGroupId: hex(32) } },
  },
  async run(type, input, given) {
    const { bytes } = given;
    if (type === 'replay') return replay(bytes(input['groupId']), (input['entries'] as string[]).map(bytes));
    if (type === 'slots') return replaySlots(input, given);
    if (type === 'recover') {
      const epochs = await recoverEpochs(
        bytes(input['groupId']),
        (input['slots'] as string[]).map(bytes),
        Number(input['epoch']),
        bytes(input['logKey']),
        bytes(input['headHash']),
      );
      return { epochs: [...epochs].map(([epoch, { log, commitment }]) => ({ epoch, log: toHex(log), commitment: toHex(commitment) })) };
    }
    if (type === 'open') {
      const opened = await openLogEntry(bytes(input['logKey']), bytes(input['groupId']), Number(input['slot']), bytes(input['sealed']));
      return { entry: toHex(opened.entry), previousLogKey: opened.previousLogKey ? toHex(opened.previousLogKey) : null };
    }
    const state = parseGroupState(bytes(input['state']));
    if (type === 'head') return { compared: compareHead(state, Number(input['version']), bytes(input['headHash'])) };
    const entry = bytes(input['entry']);
    if (type === 'moved') {
      const { author, newGroupId } = await verifyMoved(state, entry);
      return { author: idHex(author), newGroupId: toHex(newGroupId) };
    }
    const { state: after, applied } = await applyGroupEntry(state, entry);
    if (!applied) throw new CryptoError('not-allowed');
    return { applied: applied.type, state: stateJson(after) };
  },
  generate: generateGroupLog,
};
