/** C11, C12: epoch keys and the group envelope. */
import {
  accountIdFromBytes,
  accountIdToBytes,
  deriveEpochKeys,
  type EpochKeys,
  epochCommitment,
  KIND,
  matchesHint,
  openGroup,
  primitives,
  sealGroup,
  type MessageKind,
} from '../../../crypto/index.ts';
import type { Family, JsonObject } from '../family.ts';
import { type Bytes, type CryptoErrorCode, fromHex, toHex } from '../hex.ts';
import { aesGcmSeal, agreed, hkdfSha256, hmacSha256, sha256Of, utf8Of, joined, u32 } from '../independent.ts';
import { flag, hex, int } from '../shape.ts';
import { cut, replaced, turned } from '../spoil.ts';

const NONE = new Uint8Array(0);
const ZERO_NONCE = new Uint8Array(12);

function keysOf(secret: Uint8Array, groupId: Uint8Array, epoch: number) {
  const derive = (label: string): Uint8Array => hkdfSha256(secret, NONE, joined(utf8Of(`Sottovoce v1 ${label}`), groupId, u32(epoch)), 32);
  return { seal: derive('group seal'), hint: derive('group hint'), log: derive('group log'), accessSeed: derive('group access') };
}

/** The whole envelope from its parts: sealed message (C19), zeros (C7), record (C6), hint (C11). */
function envelopeOf(
  keys: ReturnType<typeof keysOf>,
  salt: Uint8Array,
  account: Uint8Array,
  device: number,
  message: Uint8Array,
  size: number,
) {
  const sealed = joined(Uint8Array.of(1, 2), account, u32(device), u32(message.length), message);
  const plaintext = new Uint8Array(size - 66);
  plaintext.set(sealed.subarray(0, plaintext.length));
  const hint = hmacSha256(keys.hint, salt).subarray(0, 16);
  const key = hkdfSha256(keys.seal, salt, joined(utf8Of('Sottovoce v1 group seal'), Uint8Array.of(2)), 32);
  const aad = joined(Uint8Array.of(2, 1), hint);
  const ciphertext = aesGcmSeal(key, ZERO_NONCE, aad, plaintext);
  return { hint, key, aad, envelope: joined(Uint8Array.of(1, 2), salt, hint, ciphertext) };
}

type Epoch = { secret: Bytes; groupId: Bytes; epoch: number };

function epochOf(input: JsonObject, bytes: (hex: JsonObject[string] | undefined) => Bytes): Epoch {
  return { secret: bytes(input['secret']), groupId: bytes(input['groupId']), epoch: Number(input['epoch']) };
}

const derived = ({ secret, groupId, epoch }: Epoch): Promise<EpochKeys> => deriveEpochKeys(secret, groupId, epoch);

export const groupSeal: Family = {
  name: 'group-seal',
  algorithm: 'Epoch keys and group envelope (C11, C12)',
  notes: {
    Basic: { bugType: 'BASIC', description: 'Keys of an epoch; messages of every envelope size.' },
    WrongEpoch: {
      bugType: 'CONFUSION',
      description: 'Under the keys of another secret, group or epoch.',
      effect: 'What was written for one group is read in another.',
    },
    BitFlip: { bugType: 'AUTH_BYPASS', description: 'One bit of the envelope is changed.' },
    Padding: {
      bugType: 'MALFORMED',
      description: 'A well sealed envelope whose filling is not zeros, or whose message is empty.',
      effect: 'A covert channel, or two encodings.',
    },
    WrongKind: { bugType: 'CONFUSION', description: 'A pairwise envelope, or a pairwise message inside.' },
    WrongSize: { bugType: 'MALFORMED', description: 'A length that is no envelope’s.' },
    Version: { bugType: 'CONFUSION', description: 'Another version byte.' },
    Secret: { bugType: 'EDGE_CASE', description: 'An epoch secret that is not 32 bytes.' },
  },
  shapes: {
    keys: {
      input: { secret: hex(), groupId: hex(32), epoch: int },
      expected: { sealKey: hex(32), hintKey: hex(32), logKey: hex(32), accessSeed: hex(32), accessKey: hex(32), commitment: hex(32) },
    },
    seal: {
      input: { secret: hex(32), groupId: hex(32), epoch: int, fromAccount: hex(32), fromDevice: int, message: hex(), random: hex(32) },
      expected: { hint: hex(16), key: hex(32), aad: hex(), envelopeBytes: int, envelope: hex() },
    },
    open: {
      input: { secret: hex(32), groupId: hex(32), epoch: int, envelope: hex() },
      expected: { matchesHint: flag, fromAccount: hex(32), fromDevice: int, message: hex() },
    },
  },
  async run(type, input, { bytes, random }) {
    const at = epochOf(input, bytes);
    const keys = await derived(at);
    const own = keysOf(at.secret, at.groupId, at.epoch);
    if (type === 'keys') {
      const commitment = sha256Of(
        joined(utf8Of('Sottovoce v1 group epoch commitment'), Uint8Array.of(0), at.groupId, u32(at.epoch), at.secret),
      );
      return {
        sealKey: agreed('seal key', keys.seal, own.seal),
        hintKey: agreed('hint key', keys.hint, own.hint),
        logKey: agreed('log key', keys.log, own.log),
        accessSeed: agreed('access seed', keys.access.seed, own.accessSeed),
        accessKey: agreed('access key', keys.access.publicKey, await primitives.ed25519PublicKey(own.accessSeed as Bytes)),
        commitment: agreed('commitment', epochCommitment(at.secret, at.groupId, at.epoch), commitment),
      };
    }
    if (type === 'open') {
      const envelope = bytes(input['envelope']);
      const matches = matchesHint(keys, envelope);
      const opened = await openGroup(keys, envelope);
      return {
        matchesHint: matches,
        fromAccount: toHex(accountIdToBytes(opened.fromAccount)),
        fromDevice: opened.fromDevice,
        message: toHex(opened.message),
      };
    }
    const account = bytes(input['fromAccount']);
    const fromDevice = Number(input['fromDevice']);
    const message = bytes(input['message']);
    const kind: MessageKind = KIND.group;
    const envelope = await sealGroup(
      keys,
      { kind, fromAccount: accountIdFromBytes(account), fromDevice, message },
      random(input['random']),
    );
    const made = envelopeOf(own, fromHex(input['random'] as string), account, fromDevice, message, envelope.length);
    return {
      hint: toHex(made.hint),
      key: toHex(made.key),
      aad: toHex(made.aad),
      envelopeBytes: envelope.length,
      envelope: agreed('envelope', envelope, made.envelope),
    };
  },
  async generate({ random, group, valid, invalid }) {
    const base = { secret: toHex(random(32)), groupId: toHex(random(32)), epoch: 1 };
    group('keys');
    for (const changes of [
      {},
      { epoch: 2 },
      { epoch: 0x7fffffff },
      { groupId: toHex(random(32)) },
      { secret: toHex(random(32)) },
      { secret: '00'.repeat(32) },
    ]) {
      await valid(`with ${Object.keys(changes)[0] ?? 'nothing'} changed`, ['Basic'], { ...base, ...changes });
    }
    for (const length of [0, 31, 33])
      await invalid(`a secret of ${length} bytes`, ['Secret'], { ...base, secret: toHex(random(length)) }, 'bad-key');
    group('seal');
    const from = { fromAccount: toHex(random(32)), fromDevice: 7 };
    const seals: string[] = [];
    for (const length of [1, 100, 1_924, 1_925, 3_972, 3_973]) {
      const input = { ...base, ...from, message: toHex(random(length)), random: toHex(random(32)) };
      seals.push((await valid(`a message of ${length} bytes`, ['Basic'], input))['envelope'] as string);
    }
    const good = { ...base, envelope: seals[1] as string };
    group('open');
    await valid('opens', ['Basic'], good);
    await valid('the larger', ['Basic'], { ...base, envelope: seals[3] as string });
    const refuse = (comment: string, kind: string, changes: JsonObject, error: CryptoErrorCode) =>
      invalid(comment, [kind], { ...good, ...changes }, error);
    await refuse('another secret', 'WrongEpoch', { secret: toHex(random(32)) }, 'bad-mac');
    await refuse('another group', 'WrongEpoch', { groupId: toHex(random(32)) }, 'bad-mac');
    await refuse('another epoch', 'WrongEpoch', { epoch: 2 }, 'bad-mac');
    for (const [what, at] of [
      ['salt', 2],
      ['salt’s end', 33],
      ['hint', 34],
      ['hint’s end', 49],
      ['ciphertext', 50],
      ['last of the filling', -17],
      ['tag', -1],
    ] as const) {
      await refuse(`one bit of the ${what}`, 'BitFlip', { envelope: turned(good.envelope, at, 3) }, 'bad-mac');
    }
    const own = keysOf(fromHex(base.secret), fromHex(base.groupId), base.epoch);
    const salt = random(32);
    const account = fromHex(from.fromAccount);
    // Sealed by hand: what no honest sender makes, under the right keys.
    const byHand = (change: (plaintext: Uint8Array) => void): string => {
      const plaintext = new Uint8Array(2_048 - 66);
      plaintext.set(joined(Uint8Array.of(1, 2), account, u32(7), u32(4), Uint8Array.of(9, 9, 9, 9)));
      change(plaintext);
      const made = envelopeOf(own, salt, account, 7, new Uint8Array(0), 2_048);
      return toHex(joined(Uint8Array.of(1, 2), salt, made.hint, aesGcmSeal(made.key, ZERO_NONCE, made.aad, plaintext)));
    };
    await valid('sealed by hand, as it should be', ['Basic'], { ...base, envelope: byHand(() => undefined) });
    await refuse('a one at the end of the filling', 'Padding', { envelope: byHand((bytes) => bytes.fill(1, -1)) }, 'malformed');
    await refuse('a one right after the message', 'Padding', { envelope: byHand((bytes) => bytes.fill(1, 46, 47)) }, 'malformed');
    await refuse('an empty message', 'Padding', { envelope: byHand((bytes) => bytes.fill(0, 38, 46)) }, 'malformed');
    await refuse('a message longer than the envelope', 'Padding', { envelope: byHand((bytes) => bytes.fill(0x0f, 40, 42)) }, 'malformed');
    await refuse('a message said to be 4 GiB', 'Padding', { envelope: byHand((bytes) => bytes.fill(0xff, 38, 42)) }, 'too-large');
    await refuse('a pairwise message inside', 'WrongKind', { envelope: byHand((bytes) => bytes.fill(1, 1, 2)) }, 'wrong-kind');
    await refuse('a sealed message of version 2', 'Version', { envelope: byHand((bytes) => bytes.fill(2, 0, 1)) }, 'unsupported-version');
    await refuse('device 0', 'Padding', { envelope: byHand((bytes) => bytes.fill(0, 34, 38)) }, 'malformed');
    await refuse('a pairwise envelope', 'WrongKind', { envelope: replaced(good.envelope, 1, '01') }, 'wrong-kind');
    await refuse('kind 3', 'WrongKind', { envelope: replaced(good.envelope, 1, '03') }, 'wrong-kind');
    for (const version of ['00', '02'])
      await refuse(`version ${version}`, 'Version', { envelope: replaced(good.envelope, 0, version) }, 'unsupported-version');
    for (const length of [0, 49, 98, 2_047])
      await refuse(`${length} bytes`, 'WrongSize', { envelope: cut(good.envelope, length) }, 'malformed');
    await refuse('a byte more', 'WrongSize', { envelope: `${good.envelope}00` }, 'malformed');
    await refuse('twice as long', 'BitFlip', { envelope: good.envelope + '00'.repeat(2_048) }, 'bad-mac');
  },
};
