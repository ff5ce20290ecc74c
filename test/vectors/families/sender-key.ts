/** G1 to G6: sender keys, in Signal's bytes. */
import {
  acceptDistribution,
  accountIdFromBytes,
  createSenderKey,
  distributionIdOf,
  groupDecrypt,
  groupEncrypt,
  MAX_GROUP_JUMP,
  MAX_SENDER_KEY_STATES,
  MAX_SKIPPED_KEYS,
  senderKeyDistribution,
  type SenderKeyStates,
} from '../../../crypto/index.ts';
import type { Family, JsonObject, Make } from '../family.ts';
import { type Bytes, type CryptoErrorCode, fromHex, toHex } from '../hex.ts';
import { aesCbcEncrypt, agreed, hkdfSha256, hmacSha256, sha256Of } from '../independent.ts';
import { hex, int, list, object, oneOf } from '../shape.ts';
import { cut, LOW_ORDER_U, NOT_CANONICAL_U, replaced, turned } from '../spoil.ts';

const INFO = new TextEncoder().encode('WhisperGroup');
const NO_SALT = new Uint8Array(32);

// Offsets in a distribution and a message whose chain id takes five bytes and whose iteration takes one.
const AT = { id: 3, chainId: 20, iteration: 26, chainKey: 29, signingKey: 63 };

const seedOf = (chainKey: Uint8Array): Uint8Array => hmacSha256(chainKey, Uint8Array.of(1));
const nextOf = (chainKey: Uint8Array): Uint8Array => hmacSha256(chainKey, Uint8Array.of(2));

function between(chainKey: Uint8Array): { seed: Uint8Array; iv: Uint8Array; key: Uint8Array } {
  const seed = seedOf(chainKey);
  const okm = hkdfSha256(seed, NO_SALT, INFO, 48);
  return { seed, iv: okm.subarray(0, 16), key: okm.subarray(16) };
}

/** From the random bytes of a sender key: seed 32, chain id 4, chain key 32. */
async function senderKeyAt(distributionId: Bytes, random: Bytes, iteration: number): Promise<Bytes> {
  let at = 0;
  let key = await createSenderKey(distributionId, (length) => {
    at += length;
    return random.slice(at - length, at);
  });
  for (let i = 0; i < iteration; i++) key = (await groupEncrypt(key, new Uint8Array(1))).senderKey;
  return key;
}

function steps(chainKey: Uint8Array, count: number): Uint8Array {
  let key = chainKey;
  for (let i = 0; i < count; i++) key = nextOf(key);
  return key;
}

type Step = { op: 'distribute' | 'decrypt'; bytes: string; 'error?'?: string };

/** A receiver through a list of steps; a failing one changes nothing. */
async function receive(script: JsonObject[], bytes: (text: string) => Bytes): Promise<JsonObject> {
  let states: SenderKeyStates | null = null;
  const shown: JsonObject[] = [];
  for (const step of script) {
    const given = bytes(step['bytes'] as string);
    if (step['op'] === 'distribute') {
      states = acceptDistribution(states, given);
      shown.push({ states: toHex(sha256Of(states)) });
    } else {
      if (!states) throw new Error('nothing was distributed');
      const opened = await groupDecrypt(states, given);
      states = opened.states;
      shown.push({
        plaintext: toHex(opened.plaintext),
        chainId: opened.chainId,
        iteration: opened.iteration,
        states: toHex(sha256Of(states)),
      });
    }
  }
  return { steps: shown };
}

async function makeWriter(random: Make['random'], distributionId: Bytes) {
  const bytes = random(68);
  let key = await senderKeyAt(distributionId, bytes, 0);
  return {
    random: toHex(bytes),
    distribution: () => toHex(senderKeyDistribution(key)),
    async write(plaintext: string): Promise<string> {
      const done = await groupEncrypt(key, fromHex(plaintext));
      key = done.senderKey;
      return toHex(done.message);
    },
    /** Forward without making messages: the value's chain key and iteration are at fixed places. */
    skip(count: number): void {
      const value = new Uint8Array(key);
      const view = new DataView(value.buffer);
      view.setUint32(21, view.getUint32(21) + count);
      value.set(steps(value.subarray(25, 57), count), 25);
      key = value;
    },
  };
}

type Writer = Awaited<ReturnType<typeof makeWriter>>;

const distribute = (bytes: string): JsonObject => ({ op: 'distribute', bytes }) satisfies Step;
const decrypt = (bytes: string): JsonObject => ({ op: 'decrypt', bytes }) satisfies Step;

async function makeOrders({ random, valid, invalid }: Make, id: Bytes): Promise<void> {
  const writer = await makeWriter(random, id);
  const start = writer.distribution();
  const texts = ['', '00', 'c0ffee', '00'.repeat(15), '11'.repeat(16), '22'.repeat(17), '33'.repeat(256)];
  const messages: string[] = [];
  for (const one of texts) messages.push(await writer.write(one));
  const [m0, m1, m2, m3, m4, m5, m6] = messages as [string, string, string, string, string, string, string];
  const play = (comment: string, flags: string[], script: JsonObject[]) => valid(comment, flags, { steps: script });
  const refuse = (comment: string, flags: string[], script: JsonObject[], error: CryptoErrorCode) =>
    invalid(comment, flags, { steps: script }, error);
  await play('in order', ['Basic'], [distribute(start), ...messages.map(decrypt)]);
  await play('backwards', ['OutOfOrder'], [distribute(start), ...messages.toReversed().map(decrypt)]);
  await play('every second, then the others', ['OutOfOrder'], [distribute(start), ...[m1, m3, m5, m0, m2, m4, m6].map(decrypt)]);
  await play('the distribution again changes nothing', ['Basic'], [distribute(start), decrypt(m0), distribute(start), decrypt(m1)]);
  const later = writer.distribution();
  const m7 = await writer.write('77');
  await play('a newcomer reads what follows', ['Newcomer'], [distribute(later), decrypt(m7)]);
  await play(
    'a later distribution does not skip what is under way',
    ['Newcomer'],
    [distribute(start), distribute(later), decrypt(m0), decrypt(m7)],
  );
  await refuse('a newcomer does not read what was before', ['Newcomer'], [distribute(later), decrypt(m6)], 'duplicate');
  await refuse('the same twice', ['Replay'], [distribute(start), decrypt(m0), decrypt(m0)], 'duplicate');
  await refuse('an overtaken one twice', ['Replay'], [distribute(start), decrypt(m3), decrypt(m1), decrypt(m1)], 'duplicate');
  await refuse(
    'after the distribution came again',
    ['Replay'],
    [distribute(start), decrypt(m0), distribute(start), decrypt(m0)],
    'duplicate',
  );
  const other = await makeWriter(random, id);
  const foreign = await other.write('aa');
  await refuse('a chain that is not here', ['Unknown'], [distribute(start), decrypt(foreign)], 'unknown-sender-key');
  const elsewhere = await makeWriter(random, fromHex('ff'.repeat(16)));
  const elsewhereStart = elsewhere.distribution();
  const stray = await elsewhere.write('bb');
  await refuse('another distribution id', ['Unknown'], [distribute(start), decrypt(stray)], 'unknown-sender-key');
  await refuse('a distribution of another id', ['WrongContext'], [distribute(start), distribute(elsewhereStart)], 'wrong-context');
  for (const [what, at] of [
    ['distribution id', AT.id + 2],
    ['ciphertext', AT.iteration + 6],
    ['first byte of R', -64],
    ['last byte of s', -1],
  ] as const) {
    const spoilt = turned(m0, at, 1);
    await refuse(
      `one bit of the ${what}`,
      ['Forged'],
      [distribute(start), decrypt(spoilt)],
      what === 'distribution id' ? 'unknown-sender-key' : 'bad-signature',
    );
  }
  await refuse(
    'another iteration under the same signature',
    ['Forged'],
    [distribute(start), decrypt(replaced(m0, AT.iteration, '05'))],
    'bad-signature',
  );
  await refuse(
    'the signature of another message',
    ['Forged'],
    [distribute(start), decrypt(m0.slice(0, -128) + m1.slice(-128))],
    'bad-signature',
  );
  await refuse('a signature of zeros', ['Forged'], [distribute(start), decrypt(`${m0.slice(0, -128)}${'00'.repeat(64)}`)], 'bad-signature');
  await refuse('without signature', ['Malformed'], [distribute(start), decrypt(m0.slice(0, -128))], 'malformed');
  for (const length of [0, 1, 2, 19, 26, 64])
    await refuse(`${length} bytes`, ['Malformed'], [distribute(start), decrypt(cut(m0, length))], 'malformed');
  for (const version of ['22', '34', '44'])
    await refuse(`version ${version}`, ['Version'], [distribute(start), decrypt(replaced(m0, 0, version))], 'unsupported-version');
}

async function makeLimits({ random, valid, invalid }: Make, id: Bytes): Promise<void> {
  const at = async (iteration: number): Promise<{ start: string; first: string; message: string; writer: Writer }> => {
    const writer = await makeWriter(random, id);
    const start = writer.distribution();
    const first = await writer.write('01');
    writer.skip(iteration - 1);
    return { start, first, message: await writer.write('02'), writer };
  };
  const edge = await at(MAX_GROUP_JUMP);
  await valid(`a jump of ${MAX_GROUP_JUMP}`, ['Limit'], { steps: [distribute(edge.start), decrypt(edge.message)] });
  await invalid(
    'the first message after such a jump: its key was dropped',
    ['Limit'],
    { steps: [distribute(edge.start), decrypt(edge.message), decrypt(edge.first)] },
    'duplicate',
  );
  const past = await at(MAX_GROUP_JUMP + 1);
  await invalid(`a jump of ${MAX_GROUP_JUMP + 1}`, ['Limit'], { steps: [distribute(past.start), decrypt(past.message)] }, 'too-far-ahead');
  await valid('one message read, then such a jump from there', ['Limit'], {
    steps: [distribute(past.start), decrypt(past.first), decrypt(past.message)],
  });
  const full = await at(MAX_SKIPPED_KEYS);
  await valid(`${MAX_SKIPPED_KEYS} skipped: the oldest is still here`, ['Limit'], {
    steps: [distribute(full.start), decrypt(full.message), decrypt(full.first)],
  });
  const more = await at(MAX_SKIPPED_KEYS + 1);
  await invalid(
    `${MAX_SKIPPED_KEYS + 1} skipped: the oldest was dropped`,
    ['Limit'],
    { steps: [distribute(more.start), decrypt(more.message), decrypt(more.first)] },
    'duplicate',
  );
  const chains: { start: string; message: string }[] = [];
  for (let i = 0; i <= MAX_SENDER_KEY_STATES; i++) {
    const writer = await makeWriter(random, id);
    chains.push({ start: writer.distribution(), message: await writer.write(`0${i}`) });
  }
  const five = chains.slice(0, MAX_SENDER_KEY_STATES);
  await valid(`${MAX_SENDER_KEY_STATES} chains stand beside one another`, ['Limit'], {
    steps: [...five.map(({ start }) => distribute(start)), ...five.map(({ message }) => decrypt(message))],
  });
  await invalid(
    `a chain more drops the oldest`,
    ['Limit'],
    { steps: [...chains.map(({ start }) => distribute(start)), decrypt(chains[0]?.message as string)] },
    'unknown-sender-key',
  );
}

async function makeDistributions({ random, group, valid, invalid }: Make, id: Bytes): Promise<void> {
  group('receive');
  const writer = await makeWriter(random, id);
  const good = writer.distribution();
  if (good.length !== 2 * (AT.signingKey + 33)) throw new Error('the chain id takes less than five bytes: take another seed');
  await valid('a distribution', ['Basic'], { steps: [distribute(good)] });
  const refuse = (comment: string, kind: string, bytes: string, error: CryptoErrorCode) =>
    invalid(comment, [kind], { steps: [distribute(bytes)] }, error);
  for (const [what, key] of [...LOW_ORDER_U, ...NOT_CANONICAL_U])
    await refuse(`signing key ${what}`, 'BadKey', replaced(good, AT.signingKey + 1, key), 'bad-key');
  await refuse('signing key of another type', 'BadKey', replaced(good, AT.signingKey, '06'), 'bad-key');
  for (const length of [0, 1, 2, 18, 20, 26, 28, 61, 64]) await refuse(`${length} bytes`, 'Malformed', cut(good, length), 'malformed');
  await refuse('a byte more', 'Malformed', `${good}00`, 'malformed');
  await refuse('a field more', 'NotCanonical', `${good}3001`, 'malformed');
  await refuse(
    'fields in another order',
    'NotCanonical',
    `33${good.slice(2 * (AT.chainId - 1))}${good.slice(2, 2 * (AT.chainId - 1))}`,
    'malformed',
  );
  await refuse(
    'an iteration of two bytes where one is enough',
    'NotCanonical',
    `${good.slice(0, 2 * AT.iteration)}8000${good.slice(2 * AT.iteration + 2)}`,
    'malformed',
  );
  await refuse(
    'without iteration',
    'NotCanonical',
    good.slice(0, 2 * (AT.iteration - 1)) + good.slice(2 * (AT.iteration + 1)),
    'malformed',
  );
  await refuse(
    'a distribution id of 15 bytes',
    'Malformed',
    `33${'0a0f'}${'01'.repeat(15)}${good.slice(2 * (AT.chainId - 1))}`,
    'malformed',
  );
  await refuse('a chain id of 32 bits', 'Malformed', replaced(good, AT.chainId, '808080800f'), 'malformed');
  for (const version of ['32', '43', '44'])
    await refuse(`version ${version}`, 'Version', replaced(good, 0, version), 'unsupported-version');
}

export const senderKey: Family = {
  name: 'sender-key',
  algorithm: 'Sender keys (G1 to G6)',
  notes: {
    Basic: { bugType: 'BASIC', description: 'Messages of usual lengths in order.' },
    OutOfOrder: { bugType: 'STATE', description: 'Messages that overtake one another.' },
    Newcomer: {
      bugType: 'CONFIDENTIALITY',
      description: 'A distribution made after some messages.',
      effect: 'Newcomers read what was written before them.',
    },
    Replay: { bugType: 'REPLAY', description: 'A message that was opened already.' },
    Forged: {
      bugType: 'AUTH_BYPASS',
      description: 'Not as the sender signed it: every member holds the chain key.',
      effect: 'A member writes in another’s name.',
      links: ['https://eprint.iacr.org/2023/1385'],
    },
    Unknown: { bugType: 'CONFUSION', description: 'A chain or distribution id that is not here.' },
    WrongContext: { bugType: 'CONFUSION', description: 'A distribution for another id than these states hold.' },
    Limit: {
      bugType: 'EDGE_CASE',
      description: 'The edges of jump, skipped keys and chains, and one past them.',
      effect: 'Memory or time that a sender can make others spend.',
    },
    BadKey: { bugType: 'EDGE_CASE', description: 'A signing key nobody may use.' },
    NotCanonical: { bugType: 'MALFORMED', description: 'Protobuf that other readers accept.', effect: 'One message has two encodings.' },
    Malformed: { bugType: 'MALFORMED', description: 'Bytes that are no such message.' },
    Version: { bugType: 'CONFUSION', description: 'Another version byte.' },
  },
  shapes: {
    'distribution-id': {
      input: { groupId: hex(32), epoch: int, accountId: hex(32), deviceId: int, generation: int },
      expected: { distributionId: hex(16) },
    },
    encrypt: {
      input: { distributionId: hex(16), random: hex(68), iteration: int, plaintext: hex() },
      expected: {
        chainId: int,
        chainKey: hex(32),
        seed: hex(32),
        iv: hex(16),
        key: hex(32),
        nextChainKey: hex(32),
        ciphertext: hex(),
        distribution: hex(),
        message: hex(),
      },
    },
    receive: {
      input: { steps: list(object({ op: oneOf('distribute', 'decrypt'), bytes: hex() })) },
      expected: { steps: list(object({ 'plaintext?': hex(), 'chainId?': int, 'iteration?': int, states: hex(32) })) },
    },
  },
  async run(type, input, { bytes }) {
    if (type === 'distribution-id') {
      const id = distributionIdOf(
        bytes(input['groupId']),
        Number(input['epoch']),
        accountIdFromBytes(bytes(input['accountId'])),
        Number(input['deviceId']),
        Number(input['generation']),
      );
      return { distributionId: toHex(id) };
    }
    if (type === 'receive') return receive(input['steps'] as JsonObject[], (given) => bytes(given));
    const random = bytes(input['random']);
    const iteration = Number(input['iteration']);
    const key = await senderKeyAt(bytes(input['distributionId']), random, iteration);
    const plaintext = bytes(input['plaintext']);
    const { message } = await groupEncrypt(key, plaintext);
    const chainKey = steps(random.subarray(36), iteration);
    const { seed, iv, key: cipherKey } = between(chainKey);
    const ciphertext = aesCbcEncrypt(cipherKey, iv, plaintext);
    const chainId = new DataView(random.buffer).getUint32(32) & 0x7fff_ffff;
    agreed('ciphertext', message.subarray(message.length - 64 - ciphertext.length, message.length - 64), ciphertext);
    const shown = {
      chainKey,
      seed,
      iv,
      key: cipherKey,
      nextChainKey: nextOf(chainKey),
      ciphertext,
      distribution: senderKeyDistribution(key),
      message,
    };
    return { chainId, ...Object.fromEntries(Object.entries(shown).map(([name, value]) => [name, toHex(value)])) };
  },
  async generate(make) {
    const { random, group, valid } = make;
    group('distribution-id');
    const base = { groupId: toHex(random(32)), epoch: 1, accountId: toHex(random(32)), deviceId: 1, generation: 1 };
    for (const changes of [
      {},
      { epoch: 2 },
      { deviceId: 2 },
      { generation: 2 },
      { accountId: toHex(random(32)) },
      { groupId: toHex(random(32)) },
      { epoch: 0x7fffffff },
    ]) {
      await valid(`with ${Object.keys(changes)[0] ?? 'the first'} of its own`, ['Basic'], { ...base, ...changes });
    }
    const id = random(16);
    group('encrypt');
    for (const [iteration, length] of [
      [0, 0],
      [0, 1],
      [0, 15],
      [0, 16],
      [1, 17],
      [127, 32],
      [128, 256],
    ] as const) {
      await valid(`iteration ${iteration}, ${length} bytes`, ['Basic'], {
        distributionId: toHex(id),
        random: toHex(random(68)),
        iteration,
        plaintext: toHex(random(length)),
      });
    }
    await makeDistributions(make, id);
    await makeOrders(make, id);
    await makeLimits(make, id);
  },
};
