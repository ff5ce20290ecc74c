import fc from 'fast-check';
import { expect, test } from 'vitest';
import {
  accountIdFromBytes,
  accountIdToBytes,
  type Bytes,
  type ContentHeader,
  CryptoError,
  concat,
  deriveEpochKeys,
  encodeContent,
  encodeGenesis,
  envelopeKind,
  fromBase64url,
  KIND,
  openGroup,
  openPairwise,
  parseContent,
  parseDeviceRecord,
  parseGenesis,
  sealGroup,
  sealPairwise,
  signDeviceList,
  signIdentityRotation,
  startRun,
  toBase64url,
  utf8,
  verifyDeviceList,
  verifyDeviceRecord,
  verifyRotationChain,
} from '../../crypto/index.ts';
import { makeAccount, makeDevice, NOW } from '../support/accounts.ts';
import { refusal } from '../support/refusal.ts';
import { seededRandom } from '../support/seeded-random.ts';

// fast-check prints seed and path when a property fails; this one makes every run the same.
const SEED = 20_261_120;
const random = seededRandom('encoding');

type Mutation =
  | { how: 'set'; at: number; byte: number }
  | { how: 'cut'; at: number }
  | { how: 'grow'; bytes: Uint8Array }
  | { how: 'drop'; at: number }
  | { how: 'insert'; at: number; byte: number }
  | { how: 'swap'; at: number; to: number };

const at = fc.nat({ max: 2 ** 20 });
const byte = fc.nat({ max: 255 });
const mutation: fc.Arbitrary<Mutation> = fc.oneof(
  { weight: 6, arbitrary: fc.record({ how: fc.constant('set' as const), at, byte }) },
  fc.record({ how: fc.constant('cut' as const), at }),
  fc.record({ how: fc.constant('grow' as const), bytes: fc.uint8Array({ minLength: 1, maxLength: 40 }) }),
  fc.record({ how: fc.constant('drop' as const), at }),
  fc.record({ how: fc.constant('insert' as const), at, byte }),
  fc.record({ how: fc.constant('swap' as const), at, to: at }),
);

function mutate(original: Bytes, change: Mutation): Bytes {
  const out = original.slice();
  const index = 'at' in change ? change.at % original.length : 0;
  if (change.how === 'set') out[index] = change.byte;
  if (change.how === 'cut') return out.slice(0, index);
  if (change.how === 'grow') return concat(out, change.bytes);
  if (change.how === 'drop') return concat(out.subarray(0, index), out.subarray(index + 1));
  if (change.how === 'insert') return concat(out.subarray(0, index), Uint8Array.of(change.byte), out.subarray(index));
  if (change.how === 'swap') {
    const other = change.to % original.length;
    [out[index], out[other]] = [original[other] as number, original[index] as number];
  }
  return out;
}

const same = (a: Uint8Array, b: Uint8Array) => toBase64url(a) === toBase64url(b);

/** Every mutation is refused with a code, or is the encoding of what it decodes to; the input stays as it was. */
async function checkDecoder(original: Bytes, runs: number, decode: (bytes: Bytes) => unknown, encode?: (value: never) => Bytes) {
  const property = fc.asyncProperty(fc.array(mutation, { minLength: 1, maxLength: 3 }), async (changes) => {
    const bytes = changes.reduce((held, change) => (held.length === 0 ? held : mutate(held, change)), original);
    const before = bytes.slice();
    try {
      const value = await decode(bytes);
      // Without an encoder (signed or sealed bytes) nothing but the original may pass.
      expect(same(encode ? encode(value as never) : original, bytes)).toBe(true);
    } catch (error) {
      if (!(error instanceof CryptoError)) throw error;
    }
    expect(same(bytes, before)).toBe(true);
  });
  await fc.assert(property, { seed: SEED, numRuns: runs });
  for (let length = 0; length < original.length; length += Math.max(1, Math.floor(original.length / 300))) {
    expect(await refusal(() => decode(original.slice(0, length))), `cut to ${length}`).not.toBeNull();
  }
  expect(await refusal(() => decode(concat(original, Uint8Array.of(0)))), 'one byte more').not.toBeNull();
  expect(await refusal(() => decode(original))).toBeNull();
}

async function contents(): Promise<ContentHeader[]> {
  const alice = await makeAccount(random, [1, 2]);
  const from = { accountId: alice.accountId, deviceId: 1 };
  const base = { from, messageId: random(16), counter: 7, sentAt: NOW, deviceList: { version: 1, hash: alice.list.hash } };
  const introduction = { genesis: alice.genesisBytes, rotations: [random(200)], deviceList: alice.entries, certificate: 'a.b.c' };
  return [
    { ...base, kind: KIND.pairwise, to: { ...from, deviceId: 2 }, body: utf8('hello') },
    { ...base, kind: KIND.pairwise, to: { ...from, deviceId: 2 }, introduction, body: utf8('hello, I am new') },
    { ...base, kind: KIND.group, to: { groupId: random(32), epoch: 2, logVersion: 9, logHead: random(32) }, body: new Uint8Array(0) },
  ];
}

test('C1: genesis record', async () => {
  const { genesisBytes } = await makeAccount(random);
  await checkDecoder(genesisBytes, 2_000, parseGenesis, encodeGenesis);
});

test('C1: content header, with and without introduction, pairwise and group', async () => {
  for (const header of await contents()) {
    const bytes = encodeContent(header);
    expect(parseContent(bytes)).toEqual(header);
    await checkDecoder(bytes, 2_000, parseContent, encodeContent);
  }
});

test('C1: account id, in bytes and in text', async () => {
  await checkDecoder(random(32), 500, accountIdFromBytes, accountIdToBytes);
  const text = utf8(toBase64url(random(32)));
  await checkDecoder(
    text,
    2_000,
    (bytes) => accountIdToBytes(String.fromCharCode(...bytes)),
    (id) => utf8(accountIdFromBytes(id)),
  );
});

test('C1: base64url has one text for one byte string', () => {
  const property = fc.property(fc.uint8Array({ maxLength: 70 }), (bytes) => {
    expect(same(fromBase64url(toBase64url(bytes)), bytes)).toBe(true);
  });
  fc.assert(property, { seed: SEED });
});

test('C1 C3: device record', async () => {
  const alice = await makeAccount(random);
  const { bytes } = await makeDevice(alice, random);
  const expected = { accountId: alice.accountId, identityKey: alice.identity.publicKey, now: NOW };
  await checkDecoder(bytes, 300, (changed) => verifyDeviceRecord(changed, expected));
  await fc.assert(
    fc.asyncProperty(mutation, async (change) => {
      await refusal(() => parseDeviceRecord(mutate(bytes, change)));
    }),
    { seed: SEED, numRuns: 1_000 },
  );
});

test('C1 C3: device list', async () => {
  const alice = await makeAccount(random);
  const backup = { sequence: 1, digest: random(32) };
  const devices = [1, 2, 3].map((deviceId) => ({ deviceId, addedAt: NOW }));
  const entry = await signDeviceList(alice.identity.privateKey, alice.accountId, null, devices, random, backup);
  const expected = { accountId: alice.accountId, identityKeys: [alice.identity.publicKey] };
  await checkDecoder(entry, 400, (bytes) => verifyDeviceList([bytes], expected));
});

test('C1 C3: identity rotation', async () => {
  const [alice, other] = [await makeAccount(random), await makeAccount(random)];
  const start = { version: 0, headHash: new Uint8Array(32) };
  const entry = await signIdentityRotation(alice.accountKey.seed, alice.accountId, start, other.identity.publicKey);
  await checkDecoder(entry, 400, (bytes) => verifyRotationChain(alice.genesis, [bytes]));
});

test('C1 C3: envelopes', async () => {
  const alice = await makeAccount(random);
  const { sealing } = await makeDevice(alice, random);
  const recipient = { accountId: alice.accountId, deviceId: 1, sealingKeyId: 1, sealingPublicKey: sealing.publicKey };
  const run = await startRun(recipient, NOW, random);
  const keys = await deriveEpochKeys(random(32), random(32), 1);
  const sealed = { fromAccount: alice.accountId, fromDevice: 1, message: utf8('inner') };
  const pairwise = await sealPairwise(run, { ...sealed, kind: KIND.pairwise }, random);
  await checkDecoder(pairwise, 500, (bytes) => openPairwise(run.secret, bytes));
  await checkDecoder(await sealGroup(keys, { ...sealed, kind: KIND.group }, random), 500, (bytes) => openGroup(keys, bytes));
});

test('C3: bytes from nowhere are refused with a code by every decoder', async () => {
  const alice = await makeAccount(random);
  const keys = await deriveEpochKeys(random(32), random(32), 1);
  const decoders: ((bytes: Bytes) => unknown)[] = [
    parseGenesis,
    parseContent,
    parseDeviceRecord,
    envelopeKind,
    (bytes) => openPairwise(keys.seal, bytes),
    (bytes) => openGroup(keys, bytes),
    (bytes) => verifyDeviceList([bytes], { accountId: alice.accountId, identityKeys: [alice.identity.publicKey] }),
    (bytes) => verifyRotationChain(alice.genesis, [bytes]),
  ];
  const noise = fc.oneof(
    fc.uint8Array({ maxLength: 300 }),
    fc.constantFrom(0, 1, 2_048, 65_536, 65_537, 300_000).map((length) => new Uint8Array(length)),
    fc.uint8Array({ minLength: 100, maxLength: 300 }).map((bytes) => concat(Uint8Array.of(1, 1), bytes)),
  );
  await fc.assert(
    fc.asyncProperty(noise, async (bytes) => {
      for (const decode of decoders) expect(await refusal(() => decode(concat(bytes)))).not.toBeNull();
    }),
    { seed: SEED, numRuns: 150 },
  );
});

test('C1: what cannot be encoded exactly is refused, never cut', async () => {
  const [header, introduced] = (await contents()) as [ContentHeader, ContentHeader, ContentHeader];
  const wrong: ContentHeader[] = [
    { ...header, counter: 0 },
    { ...header, counter: 2 ** 32 },
    { ...header, counter: 1.5 },
    { ...header, sentAt: -1 },
    { ...header, sentAt: 2 ** 48 },
    { ...header, messageId: random(15) },
    { ...header, from: { ...header.from, deviceId: 0 } },
    { ...header, from: { ...header.from, accountId: 'alice' } },
    { ...introduced, introduction: { genesis: random(81), rotations: [], deviceList: [], certificate: '\ud800' } },
  ];
  for (const one of wrong) expect(await refusal(() => encodeContent(one))).toBe('malformed');
  expect(await refusal(() => encodeContent({ ...header, body: new Uint8Array(65_536) }))).toBe('too-large');
  const marked = { genesis: random(81), rotations: [], deviceList: [], certificate: '\ufeffname' };
  expect(parseContent(encodeContent({ ...introduced, introduction: marked })).introduction).toEqual(marked);
});
