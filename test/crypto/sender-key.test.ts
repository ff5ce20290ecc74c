import { createCipheriv, createDecipheriv, createHmac, hkdfSync } from 'node:crypto';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import {
  acceptDistribution,
  type Bytes,
  concat,
  createSenderKey,
  distributionIdOf,
  groupDecrypt,
  groupEncrypt,
  peekSenderKeyMessage,
  primitives,
  type SenderKey,
  type SenderKeyStates,
  seededPublicKey,
  seededSign,
  senderKeyDistribution,
  senderKeyIteration,
  toHex,
  utf8,
} from '../../crypto/index.ts';
import { refusal } from '../support/refusal.ts';
import { seededRandom } from '../support/seeded-random.ts';

const SEED = 'sender-key';

async function pair(random = seededRandom(SEED)): Promise<{ senderKey: SenderKey; states: SenderKeyStates }> {
  const senderKey = await createSenderKey(random(16), random);
  return { senderKey, states: acceptDistribution(null, senderKeyDistribution(senderKey)) };
}

async function encryptMany(senderKey: SenderKey, count: number): Promise<{ senderKey: SenderKey; messages: Bytes[] }> {
  const messages: Bytes[] = [];
  let current = senderKey;
  for (let i = 0; i < count; i++) {
    const sent = await groupEncrypt(current, utf8(`${i}`));
    messages.push(sent.message);
    current = sent.senderKey;
  }
  return { senderKey: current, messages };
}

const hmac = (key: Uint8Array, byte: number) => new Uint8Array(createHmac('sha256', key).update(Uint8Array.of(byte)).digest());

function chainAfter(chainKey: Uint8Array, steps: number): Uint8Array {
  let current = chainKey;
  for (let i = 0; i < steps; i++) current = hmac(current, 2);
  return current;
}

function cipherKey(chainKey: Uint8Array): { iv: Uint8Array; key: Uint8Array } {
  const okm = new Uint8Array(hkdfSync('sha256', hmac(chainKey, 1), new Uint8Array(0), utf8('WhisperGroup'), 48));
  return { iv: okm.slice(0, 16), key: okm.slice(16) };
}

function varint(value: number): number[] {
  return value < 0x80 ? [value] : [(value % 0x80) | 0x80, ...varint(Math.floor(value / 0x80))];
}

/** A SenderKeyMessage put together by hand, with Node's own primitives. */
async function handMade(
  keys: { id: Uint8Array; chainId: number; chainKey: Uint8Array; seed: Bytes },
  iteration: number,
  plaintext: Uint8Array,
): Promise<Bytes> {
  const { iv, key } = cipherKey(chainAfter(keys.chainKey, iteration));
  const cipher = createCipheriv('aes-256-cbc', key, iv);
  const ciphertext = concat(cipher.update(plaintext), cipher.final());
  const signed = Uint8Array.from(
    [
      [0x33],
      [0x0a, 16, ...keys.id],
      [0x10, ...varint(keys.chainId)],
      [0x18, ...varint(iteration)],
      [0x22, ...varint(ciphertext.length), ...ciphertext],
    ].flat(),
  );
  return concat(signed, await seededSign(keys.seed, signed));
}

async function handMadeSender(random = seededRandom('by hand')) {
  const keys = { id: random(16), chainId: 0x1234_5678, chainKey: random(32), seed: random(32) };
  const distribution = Uint8Array.from(
    [
      [0x33],
      [0x0a, 16, ...keys.id],
      [0x10, ...varint(keys.chainId)],
      [0x18, 0],
      [0x22, 32, ...keys.chainKey],
      [0x2a, 33, 0x05, ...(await seededPublicKey(keys.seed))],
    ].flat(),
  );
  return { keys, distribution };
}

describe('G1 the bytes are those of Signal', () => {
  test('a distribution has five fields in order, the zero iteration included', async () => {
    const { senderKey } = await pair();
    const bytes = senderKeyDistribution(senderKey);
    const chainIdBytes = bytes.length - (1 + 18 + 1 + 2 + 34 + 35);
    const iterationAt = 1 + 18 + 1 + chainIdBytes;
    expect(toHex(bytes.slice(0, 3))).toBe('330a10');
    expect(bytes[19]).toBe(0x10);
    expect(toHex(bytes.slice(iterationAt, iterationAt + 4))).toBe('18002220');
    expect(toHex(bytes.slice(iterationAt + 36, iterationAt + 39))).toBe('2a2105');
  });

  test('a message made by hand opens, and ours opens by hand', async () => {
    const { keys, distribution } = await handMadeSender();
    let states = acceptDistribution(null, distribution);
    for (const iteration of [0, 1, 130]) {
      const opened = await groupDecrypt(states, await handMade(keys, iteration, utf8(`text ${iteration}`)));
      expect(opened).toMatchObject({ plaintext: utf8(`text ${iteration}`), chainId: keys.chainId, iteration });
      states = opened.states;
    }
    const { senderKey } = await pair();
    const distributed = senderKeyDistribution(senderKey);
    const chainKey = distributed.slice(distributed.length - 35 - 32, distributed.length - 35);
    const { message } = await groupEncrypt(senderKey, utf8('ours'));
    const { iv, key } = cipherKey(chainKey);
    const ciphertext = message.slice(message.length - 64 - 16, message.length - 64);
    const decipher = createDecipheriv('aes-256-cbc', key, iv);
    expect(concat(decipher.update(ciphertext), decipher.final())).toEqual(utf8('ours'));
    expect(toHex(message.slice(message.length - 64 - 18, message.length - 64 - 16))).toBe('2210');
  });

  test('signatures verify as XEdDSA whether or not the sign bit is set', async () => {
    const bits = new Set<number>();
    for (let i = 0; i < 12; i++) {
      const { senderKey, states } = await pair(seededRandom(`sign bit ${i}`));
      const { message } = await groupEncrypt(senderKey, utf8('x'));
      bits.add((message.at(-1) as number) >> 7);
      expect((await groupDecrypt(states, message)).plaintext).toEqual(utf8('x'));
    }
    expect([...bits].sort()).toEqual([0, 1]);
  });

  test('C2: a text of 65,280 bytes is written and read, one byte more is refused', async () => {
    const { senderKey, states } = await pair();
    const { message } = await groupEncrypt(senderKey, new Uint8Array(65_280));
    expect((await groupDecrypt(states, message)).plaintext.length).toBe(65_280);
    expect(await refusal(() => groupEncrypt(senderKey, new Uint8Array(65_281)))).toBe('too-large');
  });

  test('what a message claims can be read before it is verified', async () => {
    const { senderKey } = await pair();
    const { messages } = await encryptMany(senderKey, 3);
    const claims = messages.map(peekSenderKeyMessage);
    expect(claims.map((claim) => claim.iteration)).toEqual([0, 1, 2]);
    expect(new Set(claims.map((claim) => claim.chainId)).size).toBe(1);
    expect(claims[0]?.chainId).toBeLessThan(2 ** 31);
  });
});

describe('G2 one encoding: anything else is malformed', () => {
  test('fields in another order, twice, unknown, with a longer varint, or followed by more', async () => {
    const { keys, distribution } = await handMadeSender();
    const id = [0x0a, 16, ...keys.id];
    const chain = [0x10, ...varint(keys.chainId)];
    const ciphertext = [0x22, 16, ...new Uint8Array(16)];
    const forms: number[][] = [
      [0x33, ...chain, ...id, 0x18, 0, ...ciphertext],
      [0x33, ...id, ...chain, 0x18, 0, 0x18, 0, ...ciphertext],
      [0x33, ...id, ...chain, 0x18, 0x80, 0x00, ...ciphertext],
      [0x33, ...id, ...chain, ...ciphertext],
      [0x33, ...id, ...chain, 0x18, 0, ...ciphertext, 0x28, 1],
      [0x33, ...id, 0x10, 0xff, 0xff, 0xff, 0xff, 0x0f, 0x18, 0, ...ciphertext],
      [0x33, ...id, 0x10, 0xff, 0xff, 0xff, 0xff, 0xff, 0x01, 0x18, 0, ...ciphertext],
      [0x33, ...id, ...chain, 0x18, 0, 0x22, 15, ...new Uint8Array(15)],
      [0x33, ...id, ...chain, 0x18, 0, 0x22, 0],
    ];
    const states = acceptDistribution(null, distribution);
    for (const form of forms) {
      const signed = Uint8Array.from(form);
      const message = concat(signed, await seededSign(keys.seed, signed));
      expect(await refusal(() => groupDecrypt(states, message))).toBe('malformed');
    }
    expect(await refusal(() => acceptDistribution(null, concat(distribution, Uint8Array.of(0))))).toBe('malformed');
    expect(await refusal(() => groupDecrypt(states, Uint8Array.of(0x44, ...new Uint8Array(100))))).toBe('unsupported-version');
    expect(await refusal(() => groupDecrypt(states, new Uint8Array(65_537)))).toBe('too-large');
  });

  test('a signing key of low order, not canonical or of another type is refused', async () => {
    const { distribution } = await handMadeSender();
    const keyAt = distribution.length - 32;
    const lowOrder = distribution.slice();
    lowOrder.fill(0, keyAt);
    const notCanonical = distribution.slice();
    notCanonical.fill(0xff, keyAt);
    const otherType = distribution.slice();
    otherType[keyAt - 1] = 0x06;
    for (const bytes of [lowOrder, notCanonical, otherType]) expect(await refusal(() => acceptDistribution(null, bytes))).toBe('bad-key');
  });

  test('any changed byte of a message is refused and opens nothing; the true message still opens after', async () => {
    const { senderKey, states } = await pair();
    const { message } = await groupEncrypt(senderKey, utf8('text'));
    const before = states.slice();
    await fc.assert(
      fc.asyncProperty(fc.nat(message.length - 1), fc.integer({ min: 1, max: 255 }), async (at, change) => {
        const changed = message.slice();
        changed[at] = (changed[at] as number) ^ change;
        expect(await refusal(() => groupDecrypt(states, changed))).not.toBeNull();
      }),
      { seed: 1, numRuns: 150 },
    );
    expect(states).toEqual(before);
    expect((await groupDecrypt(states, message)).plaintext).toEqual(utf8('text'));
  });

  test('damaged opaque states are refused with a code', async () => {
    const { senderKey, states } = await pair();
    const { message } = await groupEncrypt(senderKey, utf8('text'));
    for (let length = 0; length < states.length; length++) {
      expect(await refusal(() => groupDecrypt(states.slice(0, length), message))).not.toBeNull();
    }
    expect(await refusal(() => groupDecrypt(concat(states, Uint8Array.of(0)), message))).toBe('malformed');
    expect(await refusal(() => groupEncrypt(concat(senderKey, Uint8Array.of(0)), message))).toBe('too-large');
    expect(await refusal(() => groupEncrypt(concat(Uint8Array.of(9), senderKey.slice(1)), message))).toBe('unsupported-version');
  });
});

describe('G3 order, repetition and newcomers', () => {
  test('messages open in any order and each once', async () => {
    await fc.assert(
      fc.asyncProperty(fc.shuffledSubarray([...Array(12).keys()], { minLength: 1 }), async (order) => {
        const { senderKey, states } = await pair();
        const { messages } = await encryptMany(senderKey, 12);
        let current = states;
        for (const i of order) {
          const opened = await groupDecrypt(current, messages[i] as Bytes);
          expect(opened.plaintext).toEqual(utf8(`${i}`));
          current = opened.states;
        }
        for (const i of order) expect(await refusal(() => groupDecrypt(current, messages[i] as Bytes))).toBe('duplicate');
      }),
      { seed: 2, numRuns: 8 },
    );
  });

  test('a newcomer gets the sender key where it stands and reads nothing before', async () => {
    const { senderKey } = await pair();
    const { senderKey: later, messages } = await encryptMany(senderKey, 3);
    expect(senderKeyIteration(later)).toBe(3);
    const newcomer = acceptDistribution(null, senderKeyDistribution(later));
    for (const message of messages) expect(await refusal(() => groupDecrypt(newcomer, message))).toBe('duplicate');
    const { message } = await groupEncrypt(later, utf8('welcome'));
    expect((await groupDecrypt(newcomer, message)).plaintext).toEqual(utf8('welcome'));
  });

  test('a distribution that comes again neither rewinds the chain nor reopens a message', async () => {
    const { senderKey, states } = await pair();
    const { messages } = await encryptMany(senderKey, 2);
    const read = (await groupDecrypt(states, messages[0] as Bytes)).states;
    const again = acceptDistribution(read, senderKeyDistribution(senderKey));
    expect(again).toEqual(read);
    expect(await refusal(() => groupDecrypt(again, messages[0] as Bytes))).toBe('duplicate');
  });

  test('five chains are held, the oldest goes first', async () => {
    const random = seededRandom('five');
    const id = random(16);
    const senders: SenderKey[] = [];
    for (let i = 0; i < 6; i++) senders.push(await createSenderKey(id, random));
    let states: SenderKeyStates | null = null;
    for (const sender of senders) states = acceptDistribution(states, senderKeyDistribution(sender));
    for (const [i, sender] of senders.entries()) {
      const { message } = await groupEncrypt(sender, utf8('x'));
      expect(await refusal(() => groupDecrypt(states as SenderKeyStates, message))).toBe(i === 0 ? 'unknown-sender-key' : null);
    }
  });

  test('a distribution of another id does not enter', async () => {
    const { states } = await pair();
    const { senderKey: other } = await pair(seededRandom('other'));
    expect(await refusal(() => acceptDistribution(states, senderKeyDistribution(other)))).toBe('wrong-context');
  });

  test('encrypting twice from one state is the caller’s mistake to prevent: the state given does not change', async () => {
    const { senderKey } = await pair();
    const before = senderKey.slice();
    const first = await groupEncrypt(senderKey, utf8('a'));
    expect(senderKey).toEqual(before);
    expect(first.iteration).toBe(0);
    expect(senderKeyIteration(first.senderKey)).toBe(1);
  });
});

describe('G4 bounds', () => {
  test('max-skip: a jump of 25,000 is accepted, 25,001 refused, and the last 2,000 skipped keys are kept', async () => {
    const { keys, distribution } = await handMadeSender();
    const states = acceptDistribution(null, distribution);
    expect(await refusal(async () => groupDecrypt(states, await handMade(keys, 25_001, utf8('far'))))).toBe('too-far-ahead');
    const jumped = await groupDecrypt(states, await handMade(keys, 25_000, utf8('edge')));
    expect(jumped.plaintext).toEqual(utf8('edge'));
    const oldestKept = await handMade(keys, 23_000, utf8('oldest kept'));
    expect((await groupDecrypt(jumped.states, oldestKept)).plaintext).toEqual(utf8('oldest kept'));
    expect(await refusal(async () => groupDecrypt(jumped.states, await handMade(keys, 22_999, utf8('dropped'))))).toBe('duplicate');
    // 1 jump = 2,000 kept; another skip of one pushes the oldest out.
    const further = await groupDecrypt(jumped.states, await handMade(keys, 25_002, utf8('next')));
    expect(further.states.length).toBe(jumped.states.length);
    expect(await refusal(() => groupDecrypt(further.states, oldestKept))).toBe('duplicate');
    const youngest = await groupDecrypt(further.states, await handMade(keys, 25_001, utf8('youngest')));
    expect(youngest.plaintext).toEqual(utf8('youngest'));
    expect(youngest.states.length).toBe(further.states.length - 36);
  });

  test('the work of a jump is done only for the sender', async () => {
    const { keys, distribution } = await handMadeSender();
    const states = acceptDistribution(null, distribution);
    const forged = await handMade({ ...keys, seed: seededRandom('mallory')(32) }, 25_000, utf8('far'));
    const hmacSha256 = primitives.hmacSha256;
    let calls = 0;
    primitives.hmacSha256 = (key, bytes) => {
      calls += 1;
      return hmacSha256(key, bytes);
    };
    try {
      expect(await refusal(() => groupDecrypt(states, forged))).toBe('bad-signature');
    } finally {
      primitives.hmacSha256 = hmacSha256;
    }
    expect(calls).toBe(0);
  });
});

describe('G5 G6 who can write, and where', () => {
  test('sender-key-forgery: whoever holds the chain key, as every member does, still cannot write in the sender’s name', async () => {
    const { keys, distribution } = await handMadeSender();
    const states = acceptDistribution(null, distribution);
    const mallory = seededRandom('mallory')(32);
    const forged = await handMade({ ...keys, seed: mallory }, 0, utf8('I am Alice'));
    expect(await refusal(() => groupDecrypt(states, forged))).toBe('bad-signature');
    // Another ciphertext under the signature of a true message.
    const [one, two] = [await handMade(keys, 0, utf8('one')), await handMade(keys, 0, utf8('two'))];
    const spliced = concat(one.slice(0, -64), two.slice(-64));
    expect(await refusal(() => groupDecrypt(states, spliced))).toBe('bad-signature');
  });

  test('replay-other-group: a message of one group is unknown in every other, epoch, device and generation', async () => {
    const random = seededRandom('replay');
    const [group, otherGroup] = [random(32), random(32)];
    const account = 'A'.repeat(42).concat('E');
    const id = distributionIdOf(group, 1, account, 1, 0);
    const others = [
      distributionIdOf(otherGroup, 1, account, 1, 0),
      distributionIdOf(group, 2, account, 1, 0),
      distributionIdOf(group, 1, 'B'.repeat(42).concat('E'), 1, 0),
      distributionIdOf(group, 1, account, 2, 0),
      distributionIdOf(group, 1, account, 1, 1),
    ];
    expect(new Set([id, ...others].map(toHex)).size).toBe(6);
    const { message } = await groupEncrypt(await createSenderKey(id, random), utf8('for this group'));
    for (const other of others) {
      const states = acceptDistribution(null, senderKeyDistribution(await createSenderKey(other, random)));
      expect(await refusal(() => groupDecrypt(states, message))).toBe('unknown-sender-key');
    }
    // Even under one signing key and one chain, which an honest sender never uses twice.
    const { keys, distribution } = await handMadeSender();
    const elsewhere = await handMade({ ...keys, id }, 0, utf8('for that group'));
    expect(await refusal(() => groupDecrypt(acceptDistribution(null, distribution), elsewhere))).toBe('unknown-sender-key');
  });
});
