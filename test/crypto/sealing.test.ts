import { createDecipheriv, createHmac, hkdfSync } from 'node:crypto';
import { expect, test } from 'vitest';
import {
  accountIdToBytes,
  type Bytes,
  concat,
  deriveEpochKeys,
  deriveRunSecret,
  ENVELOPE_SIZES_BYTES,
  envelopeKind,
  epochCommitment,
  generateSealingKey,
  KIND,
  LABEL,
  MAX_SEALED_BYTES,
  type MessageKind,
  matchesHint,
  openGroup,
  openPairwise,
  openRecord,
  RUN_MAX_AGE_MS,
  RUN_MAX_ENVELOPES,
  type Run,
  runExpired,
  runHash,
  type SealedMessage,
  sealGroup,
  sealPairwise,
  sealRecord,
  startRun,
  toHex,
  utf8,
} from '../../crypto/index.ts';
import { makeAccount, NOW } from '../support/accounts.ts';
import { refusal } from '../support/refusal.ts';
import { seededRandom } from '../support/seeded-random.ts';

const random = seededRandom('sealing');
const OVERHEAD = { [KIND.pairwise]: 2 + 1_120 + 32 + 42 + 16, [KIND.group]: 2 + 32 + 16 + 42 + 16 };

async function setUp() {
  const { accountId } = await makeAccount(random);
  const sealing = await generateSealingKey(random);
  const recipient = { accountId, deviceId: 1, sealingKeyId: 1 };
  const run = await startRun({ ...recipient, sealingPublicKey: sealing.publicKey }, NOW, random);
  const keys = await deriveEpochKeys(random(32), random(32), 1);
  const message = (kind: MessageKind, bytes: Bytes): SealedMessage => ({ kind, fromAccount: accountId, fromDevice: 2, message: bytes });
  const seal = (kind: MessageKind, bytes: Bytes) =>
    kind === KIND.pairwise ? sealPairwise(run, message(kind, bytes), random) : sealGroup(keys, message(kind, bytes), random);
  const open = (kind: MessageKind, envelope: Bytes) =>
    kind === KIND.pairwise ? openPairwise(run.secret, envelope) : openGroup(keys, envelope);
  return { recipient, sealing, run, keys, message, seal, open };
}

test.each([KIND.pairwise, KIND.group])('frame-sizes: kind %i fills the least of six sizes, at each edge (C7)', async (kind) => {
  const { seal, open } = await setUp();
  for (const size of ENVELOPE_SIZES_BYTES) {
    const largest = size - OVERHEAD[kind];
    const envelope = await seal(kind, random(largest));
    expect(envelope.length).toBe(size);
    expect((await open(kind, envelope)).message.length).toBe(largest);
    const next = ENVELOPE_SIZES_BYTES.find((bytes) => bytes > size);
    if (next) expect((await seal(kind, random(largest + 1))).length).toBe(next);
    else expect(await refusal(() => seal(kind, random(largest + 1)))).toBe('too-large');
  }
  expect(MAX_SEALED_BYTES(kind)).toBe(65_536 - OVERHEAD[kind]);
  expect((await seal(kind, random(1))).length).toBe(2_048);
});

test('frame-sizes: an envelope of any other size is refused before it is opened (C7)', async () => {
  const { run, keys, seal } = await setUp();
  const pairwise = await seal(KIND.pairwise, utf8('x'));
  const group = await seal(KIND.group, utf8('x'));
  for (const length of [0, 1, 2, 1_170, 2_047, 2_049, 3_000, 65_535]) {
    const cut = (bytes: Bytes) => {
      const out = new Uint8Array(length);
      out.set(bytes.subarray(0, length));
      return out;
    };
    expect(await refusal(() => openPairwise(run.secret, cut(pairwise)))).toBe('malformed');
    expect(await refusal(() => openGroup(keys, cut(group)))).toBe('malformed');
    expect(await refusal(() => envelopeKind(cut(group)))).toBe('malformed');
    expect(await refusal(() => runHash(cut(pairwise)))).toBe('malformed');
  }
  expect(await refusal(() => envelopeKind(new Uint8Array(131_072)))).toBe('too-large');
  const version = pairwise.slice();
  version[0] = 2;
  expect(await refusal(() => envelopeKind(version))).toBe('unsupported-version');
});

test('C9: recipient and sender agree on a run; one encapsulation serves envelopes in any order', async () => {
  const { recipient, sealing, run, message } = await setUp();
  const envelopes = [];
  for (const text of ['first', 'second', 'third']) envelopes.push(await sealPairwise(run, message(KIND.pairwise, utf8(text)), random));
  expect(new Set(envelopes.map((envelope) => toHex(runHash(envelope) as Bytes))).size).toBe(1);
  for (const at of [2, 0, 1, 2]) {
    const envelope = envelopes[at] as Bytes;
    const secret = await deriveRunSecret({ ...recipient, ...sealing }, envelope);
    expect(secret).toEqual(run.secret);
    expect(await openPairwise(secret, envelope)).toEqual(message(KIND.pairwise, utf8(['first', 'second', 'third'][at] as string)));
  }
  const [first, second] = envelopes as [Bytes, Bytes];
  expect(first.slice(1_122, 1_154)).not.toEqual(second.slice(1_122, 1_154));
});

test('C9: swapped keys, accounts, devices and key ids open nothing (ATTACKS 12)', async () => {
  const { recipient, sealing, run, message } = await setUp();
  const other = await generateSealingKey(random);
  const { accountId } = await makeAccount(random);
  const envelope = await sealPairwise(run, message(KIND.pairwise, utf8('bound')), random);
  const right = { ...recipient, ...sealing };
  const wrong = [
    { ...right, accountId },
    { ...right, deviceId: 2 },
    { ...right, sealingKeyId: 2 },
    { ...right, publicKey: other.publicKey },
    { ...right, privateKey: other.privateKey },
    { ...right, ...other },
  ];
  for (const ours of wrong) {
    expect(await refusal(async () => openPairwise(await deriveRunSecret(ours, envelope), envelope))).toBe('bad-mac');
  }
  const next = await startRun({ ...recipient, sealingPublicKey: sealing.publicKey }, NOW, random);
  expect(await refusal(() => openPairwise(next.secret, envelope))).toBe('bad-mac');
});

test('C10: a run ends after 1,000 envelopes, after 24 hours, and when the clock goes back', async () => {
  const { run } = await setUp();
  const at = (changes: Partial<Run>, now: number) => runExpired({ ...run, ...changes }, now);
  expect(at({ used: RUN_MAX_ENVELOPES - 1 }, NOW)).toBe(false);
  expect(at({ used: RUN_MAX_ENVELOPES }, NOW)).toBe(true);
  expect(at({}, NOW + RUN_MAX_AGE_MS - 1)).toBe(false);
  expect(at({}, NOW + RUN_MAX_AGE_MS)).toBe(true);
  expect(at({}, NOW - 1)).toBe(true);
});

test('C11: the hint finds the epoch; another group or epoch neither matches nor opens', async () => {
  const { message } = await setUp();
  const [secret, groupId] = [random(32), random(32)];
  const keys = await deriveEpochKeys(secret, groupId, 4);
  const envelope = await sealGroup(keys, message(KIND.group, utf8('to all')), random);
  expect(matchesHint(keys, envelope)).toBe(true);
  expect((await openGroup(keys, envelope)).message).toEqual(utf8('to all'));
  const others = [
    await deriveEpochKeys(secret, groupId, 5),
    await deriveEpochKeys(secret, random(32), 4),
    await deriveEpochKeys(random(32), groupId, 4),
  ];
  for (const other of others) {
    expect(matchesHint(other, envelope)).toBe(false);
    expect(await refusal(() => openGroup(other, envelope))).toBe('bad-mac');
    // Even with the hint key of the right epoch.
    expect(await refusal(() => openGroup({ ...other, hint: keys.hint }, envelope))).toBe('bad-mac');
  }
  expect(runHash(envelope)).toBeNull();
});

test('C12: the epoch’s keys differ from each other, and the commitment binds secret, group and epoch', async () => {
  const [secret, groupId] = [random(32), random(32)];
  const keys = await deriveEpochKeys(secret, groupId, 1);
  expect(new Set([keys.seal, keys.hint, keys.log, keys.access.seed, secret].map(toHex)).size).toBe(5);
  const commitments = [
    epochCommitment(secret, groupId, 1),
    epochCommitment(secret, groupId, 2),
    epochCommitment(secret, random(32), 1),
    epochCommitment(random(32), groupId, 1),
  ];
  expect(new Set(commitments.map(toHex)).size).toBe(4);
  expect(await refusal(() => deriveEpochKeys(random(31), groupId, 1))).toBe('bad-key');
  expect(await refusal(() => deriveEpochKeys(secret, random(31), 1))).toBe('malformed');
  expect(await refusal(() => deriveEpochKeys(secret, groupId, 2 ** 32))).toBe('malformed');
});

test('C6: a record is 48 bytes longer than its text, never the same twice, and bound to its aad', async () => {
  const secret = random(32);
  const [aad, text] = [utf8('store/name/1'), utf8('text')];
  const seal = () => sealRecord(secret, LABEL.vaultRecord, KIND.vault, aad, text, random);
  const [one, two] = [await seal(), await seal()];
  expect(one.length).toBe(text.length + 48);
  expect(one.slice(32)).not.toEqual(two.slice(32));
  expect(await openRecord(secret, LABEL.vaultRecord, KIND.vault, aad, one)).toEqual(text);
  const open = (with_: Bytes, of: Bytes, bytes: Bytes) => refusal(() => openRecord(with_, LABEL.vaultRecord, KIND.vault, of, bytes));
  expect(await open(random(32), aad, one)).toBe('bad-mac');
  expect(await open(secret, utf8('store/name/2'), one)).toBe('bad-mac');
  expect(await open(secret, aad, one.slice(0, 47))).toBe('malformed');
  expect(await open(secret, aad, one.slice(0, -1))).toBe('bad-mac');
  expect(await open(random(16), aad, one)).toBe('bad-key');
  for (let at = 0; at < one.length; at++) {
    const changed = one.slice();
    changed[at] = (changed[at] as number) ^ 0x80;
    expect(await open(secret, aad, changed)).toBe('bad-mac');
  }
});

/** D1 by hand: HKDF and AES-256-GCM of node:crypto. */
function openByHand(secret: Bytes, salt: Bytes, info: Bytes, aad: Bytes, ciphertext: Bytes): Bytes {
  const key = new Uint8Array(hkdfSync('sha256', secret, salt, info, 32));
  const decipher = createDecipheriv('aes-256-gcm', key, new Uint8Array(12));
  decipher.setAAD(aad);
  decipher.setAuthTag(ciphertext.subarray(-16));
  return concat(decipher.update(ciphertext.subarray(0, -16)), decipher.final());
}

test('C6: a record is HKDF-SHA256 and AES-256-GCM, with the kind in info and aad, byte for byte', async () => {
  const [secret, aad, text] = [random(32), random(9), random(100)];
  const record = await sealRecord(secret, LABEL.groupLog, KIND.groupLog, aad, text, random);
  const info = concat(utf8('Sottovoce v1 group log'), Uint8Array.of(3));
  const opened = openByHand(secret, record.slice(0, 32), info, concat(Uint8Array.of(3), aad), record.slice(32));
  expect(opened).toEqual(text);
});

test('C9 C11: envelopes are what the rules say, byte for byte', async () => {
  const { run, keys, message, seal } = await setUp();
  const group = await seal(KIND.group, utf8('by hand'));
  const [salt, hint] = [group.slice(2, 34), group.slice(34, 50)];
  expect(hint).toEqual(new Uint8Array(createHmac('sha256', keys.hint).update(salt).digest()).slice(0, 16));
  const groupInfo = concat(utf8('Sottovoce v1 group seal'), Uint8Array.of(2));
  const inner = openByHand(keys.seal, salt, groupInfo, concat(Uint8Array.of(2, 1), hint), group.slice(50));
  const { fromAccount } = message(KIND.group, utf8('by hand'));
  const account = accountIdToBytes(fromAccount);
  const header = concat(Uint8Array.of(1, 2), account, Uint8Array.of(0, 0, 0, 2, 0, 0, 0, 7), utf8('by hand'));
  expect(inner).toEqual(concat(header, new Uint8Array(2_048 - 66 - header.length)));

  const pairwise = await seal(KIND.pairwise, utf8('by hand'));
  expect(pairwise.slice(0, 1_122)).toEqual(concat(Uint8Array.of(1, 1), run.enc));
  const runInfo = concat(utf8('Sottovoce v1 pairwise seal'), Uint8Array.of(1));
  const aad = concat(Uint8Array.of(1, 1), run.enc);
  const sealed = openByHand(run.secret, pairwise.slice(1_122, 1_154), runInfo, aad, pairwise.slice(1_154));
  expect(sealed.slice(2, header.length)).toEqual(header.slice(2));
});
