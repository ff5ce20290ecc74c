import { expect, test } from 'vitest';
import {
  DEVICE_RECORD_MAX_AGE_MS,
  generateKeyPair,
  generateOneTimePrekeys,
  MAX_CLOCK_SKEW_MS,
  MAX_PREKEY_ID,
  parseDeviceRecord,
  prekeyBundleOf,
  signDeviceRecord,
  signPrekey,
  verifyDeviceRecord,
} from '../../crypto/index.ts';
import { makeAccount, makeDevice, NOW } from '../support/accounts.ts';
import { refusal } from '../support/refusal.ts';
import { seededRandom } from '../support/seeded-random.ts';

test('C15: a signed record verifies, and is 1,465 bytes', async () => {
  const random = seededRandom('device record');
  const alice = await makeAccount(random);
  const { record, bytes } = await makeDevice(alice, random);
  expect(bytes.length).toBe(1_465);
  expect(parseDeviceRecord(bytes)).toEqual(record);
  const expected = { accountId: alice.accountId, identityKey: alice.identity.publicKey, now: NOW };
  expect(await verifyDeviceRecord(bytes, expected)).toEqual(record);
});

test('bad-prekey-signature: neither a foreign prekey signature nor a foreign record passes (C15)', async () => {
  const random = seededRandom('bad prekey');
  const [alice, mallory] = [await makeAccount(random), await makeAccount(random)];
  const { record, bytes } = await makeDevice(alice, random);
  const expected = { accountId: alice.accountId, identityKey: alice.identity.publicKey, now: NOW };
  const own = await generateKeyPair(random);
  const swapped = { ...record.signedPrekey, publicKey: own.publicKey };
  const foreign = { ...swapped, signature: await signPrekey(mallory.identity.privateKey, own.publicKey, random) };

  // The record's own signature is right in these: the prekey's alone is not.
  for (const signedPrekey of [swapped, foreign]) {
    const forged = await signDeviceRecord(alice.identity.privateKey, { ...record, signedPrekey }, random);
    expect(await refusal(() => verifyDeviceRecord(forged, expected))).toBe('bad-signature');
  }
  const byMallory = await signDeviceRecord(mallory.identity.privateKey, record, random);
  expect(await refusal(() => verifyDeviceRecord(byMallory, expected))).toBe('bad-signature');
  const unsigned = bytes.slice();
  unsigned.fill(0, -64);
  expect(await refusal(() => verifyDeviceRecord(unsigned, expected))).toBe('bad-signature');
  const { bytes: hers } = await makeDevice(mallory, random);
  expect(await refusal(() => verifyDeviceRecord(hers, expected))).toBe('wrong-context');
});

test('stale-prekey: too old, from the future, or behind a known sequence is refused, each to the millisecond (C15)', async () => {
  const random = seededRandom('stale');
  const alice = await makeAccount(random);
  const { bytes } = await makeDevice(alice, random, { sequence: 5 });
  const verifyAt = (now: number, knownSequence?: number) =>
    refusal(() =>
      verifyDeviceRecord(bytes, {
        accountId: alice.accountId,
        identityKey: alice.identity.publicKey,
        now,
        ...(knownSequence === undefined ? {} : { knownSequence }),
      }),
    );
  expect(await verifyAt(NOW + DEVICE_RECORD_MAX_AGE_MS)).toBeNull();
  expect(await verifyAt(NOW + DEVICE_RECORD_MAX_AGE_MS + 1)).toBe('stale');
  expect(await verifyAt(NOW - MAX_CLOCK_SKEW_MS)).toBeNull();
  expect(await verifyAt(NOW - MAX_CLOCK_SKEW_MS - 1)).toBe('stale');
  expect(await verifyAt(NOW, 5)).toBeNull();
  expect(await verifyAt(NOW, 6)).toBe('stale');
});

test('C2: one-time prekeys run from the id given, never 0, never past the last', async () => {
  const random = seededRandom('one-time');
  const alice = await makeAccount(random);
  const { record } = await makeDevice(alice, random);
  const prekeys = await generateOneTimePrekeys(5, 3, random);
  expect(prekeys.map((prekey) => prekey.id)).toEqual([5, 6, 7]);
  const [{ id, publicKey }] = prekeys as [(typeof prekeys)[0]];
  expect(prekeyBundleOf(record, alice.identity.publicKey, { id, publicKey })).toMatchObject({ deviceId: 1, oneTimePrekey: { id: 5 } });
  expect(prekeyBundleOf(record, alice.identity.publicKey)).not.toHaveProperty('oneTimePrekey');
  expect(await refusal(() => generateOneTimePrekeys(0, 1, random))).toBe('malformed');
  expect(await refusal(() => generateOneTimePrekeys(MAX_PREKEY_ID, 2, random))).toBe('malformed');
  expect(await refusal(() => prekeyBundleOf(record, alice.identity.publicKey, { id: 0, publicKey }))).toBe('malformed');
});
