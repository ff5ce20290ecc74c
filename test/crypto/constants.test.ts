/** Constants that no bytes of the vectors hold: what a device or the relay uses alone. One changed letter would part it from what is stored. */
import { expect, test } from 'vitest';
import {
  createSenderKey,
  DEVICE_RECORD_ROTATE_MS,
  KIND,
  LABEL,
  parseBackupHeader,
  parseGroupState,
  PREKEY_PRIVATE_KEEP_MS,
  PURPOSE,
  SENDER_KEY_MAX_AGE_MS,
  SENDER_KEY_MAX_MESSAGES,
} from '../../crypto/index.ts';
import { isCanonicalScalar, isUsableEdwards, isUsableX25519 } from '../../crypto/primitives/points.ts';
import { refusal } from '../support/refusal.ts';
import { makeParty, openSession, start } from '../support/session-party.ts';
import { seededRandom } from '../support/seeded-random.ts';

const DAY_MS = 86_400_000;

test('C6: labels are `Sottovoce v1` and these words, no two alike', () => {
  expect(LABEL).toEqual({
    accountId: 'Sottovoce v1 account id',
    accountKey: 'Sottovoce v1 account key',
    backupKey: 'Sottovoce v1 backup key',
    backupLogin: 'Sottovoce v1 backup login',
    backup: 'Sottovoce v1 backup',
    backupCommitment: 'Sottovoce v1 backup key commitment',
    chainHash: 'Sottovoce v1 chain entry',
    pairwiseSeal: 'Sottovoce v1 pairwise seal',
    pairwiseRun: 'Sottovoce v1 pairwise run',
    groupSeal: 'Sottovoce v1 group seal',
    groupHint: 'Sottovoce v1 group hint',
    groupLog: 'Sottovoce v1 group log',
    groupAccess: 'Sottovoce v1 group access',
    groupCommit: 'Sottovoce v1 group epoch commitment',
    groupDistribution: 'Sottovoce v1 group distribution id',
    vaultWrap: 'Sottovoce v1 vault wrap',
    vaultRecord: 'Sottovoce v1 vault record',
    vaultName: 'Sottovoce v1 vault name',
    attachment: 'Sottovoce v1 attachment',
    attachmentCommitment: 'Sottovoce v1 attachment key commitment',
    linkKey: 'Sottovoce v1 link key',
    linkTranscript: 'Sottovoce v1 link transcript',
    linkChannel: 'Sottovoce v1 link channel',
    linkCode: 'Sottovoce v1 link code',
  });
  expect(new Set(Object.values(LABEL)).size).toBe(Object.keys(LABEL).length);
});

test('C4: purposes are these, C8: kinds are these, no two alike', () => {
  expect(PURPOSE).toEqual({
    deviceRecord: 'device record',
    deviceList: 'device list',
    identityRotation: 'identity rotation',
    groupLog: 'group log',
    groupRequest: 'group request',
    groupAccessChange: 'group access change',
    login: 'login',
    registration: 'registration',
  });
  expect(KIND).toEqual({ pairwise: 1, group: 2, groupLog: 3, vault: 4, backup: 5, attachment: 6, linking: 7 });
});

test('C15, G4: a device makes its keys anew after 48 hours, a thousand messages or seven days, and keeps old ones 33 days', () => {
  expect(DEVICE_RECORD_ROTATE_MS).toBe(2 * DAY_MS);
  expect(PREKEY_PRIVATE_KEEP_MS).toBe(33 * DAY_MS);
  expect(SENDER_KEY_MAX_MESSAGES).toBe(1_000);
  expect(SENDER_KEY_MAX_AGE_MS).toBe(7 * DAY_MS);
});

test('C2: a stored group is at most 16 MiB, a backup 64 MiB; stored sessions and sender keys begin with their version', async () => {
  expect(await refusal(async () => parseGroupState(new Uint8Array(16_777_216)))).toBe('unsupported-version');
  expect(await refusal(async () => parseGroupState(new Uint8Array(16_777_217)))).toBe('too-large');
  expect(await refusal(async () => parseBackupHeader(new Uint8Array(67_108_864)))).toBe('unsupported-version');
  expect(await refusal(async () => parseBackupHeader(new Uint8Array(67_108_865)))).toBe('too-large');
  const random = seededRandom('constants');
  const senderKey = await createSenderKey(random(16), random);
  expect([senderKey[0], senderKey.length]).toEqual([1, 153]);
  const [alice, bob] = [await makeParty(random), await makeParty(random)];
  await start(alice, bob);
  expect(openSession(alice, bob)[0]).toBe(1);
});

const littleEndian = (value: bigint): Uint8Array => Uint8Array.from({ length: 32 }, (_, at) => Number((value >> BigInt(8 * at)) & 255n));

test('C5: coordinates end before 2²⁵⁵ − 19 and scalars before the order; every point of low order is refused, whatever its sign', () => {
  const prime = 2n ** 255n - 19n;
  for (const below of [2n, 3n, 4n]) {
    expect(isUsableX25519(littleEndian(prime - below))).toBe(true);
    expect(isUsableEdwards(littleEndian(prime - below))).toBe(true);
  }
  for (const above of [0n, 1n, 2n, 18n]) {
    expect(isUsableX25519(littleEndian(prime + above))).toBe(false);
    expect(isUsableEdwards(littleEndian(prime + above))).toBe(false);
  }
  const order = 2n ** 252n + 27_742_317_777_372_353_535_851_937_790_883_648_493n;
  expect(isCanonicalScalar(littleEndian(order - 1n))).toBe(true);
  expect(isCanonicalScalar(littleEndian(order))).toBe(false);
  // RFC 8032: y of order 8 is a root of d·y⁴ + 2y² − 1; its negative is the other one.
  const order8 = 2_707_385_501_144_840_649_318_225_287_225_658_788_936_804_267_575_313_519_463_743_609_750_303_402_022n;
  for (const y of [0n, 1n, prime - 1n, order8, prime - order8])
    for (const sign of [0n, 2n ** 255n]) expect(isUsableEdwards(littleEndian(y + sign)), `${y}`).toBe(false);
});
