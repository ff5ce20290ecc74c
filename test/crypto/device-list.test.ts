import { createHash } from 'node:crypto';
import { expect, test } from 'vitest';
import {
  type Bytes,
  type DeviceList,
  generateKeyPair,
  MAX_DEVICE_LIST_ENTRIES,
  MAX_DEVICES,
  signDeviceList,
  signIdentityRotation,
  verifyDeviceList,
  verifyRotationChain,
} from '../../crypto/index.ts';
import { makeAccount, NOW, type TestAccount } from '../support/accounts.ts';
import { refusal } from '../support/refusal.ts';
import { seededRandom } from '../support/seeded-random.ts';

const random = seededRandom('device list');
const added = (...ids: number[]) => ids.map((deviceId) => ({ deviceId, addedAt: NOW }));

function verify(account: TestAccount, entries: readonly Bytes[], known?: DeviceList, keys = [account.identity.publicKey]) {
  return verifyDeviceList(entries, { accountId: account.accountId, identityKeys: keys, ...(known ? { known } : {}) });
}

/** SHA-256 of label, zero byte and entry, as C16 says. */
function entryHash(entry: Bytes): Bytes {
  return new Uint8Array(createHash('sha256').update('Sottovoce v1 chain entry\0').update(entry).digest());
}

async function grow(account: TestAccount, previous: DeviceList, ids: number[], key = account.identity.privateKey): Promise<Bytes> {
  return signDeviceList(key, account.accountId, previous, added(...ids), random);
}

test('C18: a list grows by whole lists; devices come out ascending', async () => {
  const alice = await makeAccount(random, [7]);
  const second = await grow(alice, alice.list, [9, 7]);
  const list = await verify(alice, [...alice.entries, second]);
  expect(list).toMatchObject({ version: 2, hash: entryHash(second), devices: added(7, 9) });
  expect(await verify(alice, [second], alice.list)).toEqual(list);
});

test('rollback-list: an older, forked, rewritten or truncated history is refused (C18)', async () => {
  const alice = await makeAccount(random, [1]);
  const [first] = alice.entries as [Bytes];
  const second = await grow(alice, alice.list, [1, 2]);
  const known = await verify(alice, [first, second]);
  const third = await grow(alice, known, [1, 2, 3]);

  expect(await refusal(() => verify(alice, [first], known))).toBe('stale');
  const fork = await grow(alice, alice.list, [1, 66]);
  expect(await refusal(() => verify(alice, [first, fork], known))).toBe('broken-link');
  const forked = await verify(alice, [first, fork]);
  const afterFork = await grow(alice, forked, [1, 66, 67]);
  expect(await refusal(() => verify(alice, [first, fork, afterFork], known))).toBe('broken-link');
  expect(await refusal(() => verify(alice, [afterFork], known))).toBe('broken-link');
  expect(await refusal(() => verify(alice, [third], alice.list))).toBe('broken-link');
  expect(await refusal(() => verify(alice, [first, third]))).toBe('broken-link');
  expect(await refusal(() => verify(alice, [second, first]))).toBe('broken-link');
  expect(await refusal(() => verify(alice, [], known))).toBe('malformed');
  expect((await verify(alice, [first, second, third], known)).version).toBe(3);
  // The right hash under a number of his choice: a version that others could never reach.
  const leap = await grow(alice, { ...known, version: 1_000 }, [1, 2]);
  expect(await refusal(() => verify(alice, [first, second, leap]))).toBe('broken-link');
});

test('C18: an unbroken end of the history is enough for who knows nothing, and for who knows where it begins', async () => {
  const alice = await makeAccount(random);
  const second = await grow(alice, alice.list, [1, 2]);
  const list = await verify(alice, [...alice.entries, second]);
  const third = await grow(alice, list, [1, 2, 3]);
  const whole = await verify(alice, [...alice.entries, second, third]);
  expect(await verify(alice, [third])).toEqual(whole);
  expect(await verify(alice, [second, third], alice.list)).toEqual(whole);
  expect(await verify(alice, [second, third], list)).toEqual(whole);
  expect(await verify(alice, [third], whole)).toEqual(whole);
  const rooted = await signDeviceList(alice.identity.privateKey, alice.accountId, { ...list, version: 0 }, added(1), random);
  expect(await refusal(() => verify(alice, [rooted]))).toBe('broken-link');
});

test('inject-device: a device that the identity key did not list is not there (C18)', async () => {
  const [alice, mallory] = [await makeAccount(random), await makeAccount(random)];
  const [first] = alice.entries as [Bytes];
  const byMallory = await grow(alice, alice.list, [1, 66], mallory.identity.privateKey);
  expect(await refusal(() => verify(alice, [first, byMallory]))).toBe('bad-signature');
  expect(await refusal(() => verify(alice, mallory.entries))).toBe('wrong-context');

  const patched = first.slice();
  patched[110] = 66;
  expect(await refusal(() => verify(alice, [patched]))).toBe('bad-signature');
});

test('C18: after a rotation the last entry is under the new key, and keys never go back', async () => {
  const alice = await makeAccount(random);
  const [first] = alice.entries as [Bytes];
  const next = await generateKeyPair(random);
  const rotation = await signIdentityRotation(
    alice.accountKey.seed,
    alice.accountId,
    { version: 0, headHash: new Uint8Array(32) },
    next.publicKey,
  );
  const { identityKeys } = await verifyRotationChain(alice.genesis, [rotation]);
  const byOld = await grow(alice, alice.list, [1, 66]);
  expect(await refusal(() => verify(alice, [first], undefined, identityKeys))).toBe('bad-signature');
  expect(await refusal(() => verify(alice, [first, byOld], undefined, identityKeys))).toBe('bad-signature');

  const byNew = await grow(alice, alice.list, [1], next.privateKey);
  const list = await verify(alice, [first, byNew], undefined, identityKeys);
  expect(list.devices).toEqual(added(1));
  const back = await grow(alice, list, [1, 66]);
  expect(await refusal(() => verify(alice, [first, byNew, back], undefined, identityKeys))).toBe('bad-signature');
  const known = { ...list, version: 3, hash: entryHash(back) };
  const again = await grow(alice, known, [1], next.privateKey);
  expect(await refusal(() => verify(alice, [first, byNew, back, again], undefined, identityKeys))).toBe('bad-signature');
});

test('C18: the backup mark is kept, and never goes back', async () => {
  const alice = await makeAccount(random);
  const marked = await signDeviceList(alice.identity.privateKey, alice.accountId, alice.list, added(1), random, {
    sequence: 4,
    digest: random(32),
  });
  const list = await verify(alice, [...alice.entries, marked]);
  expect(list.backup?.sequence).toBe(4);
  const kept = await verify(alice, [await grow(alice, list, [1, 2])], list);
  expect(kept.backup).toEqual(list.backup);
  const older = await signDeviceList(alice.identity.privateKey, alice.accountId, list, added(1), random, {
    sequence: 3,
    digest: random(32),
  });
  expect(await refusal(() => verify(alice, [older], list))).toBe('stale');
  expect(await refusal(() => verify(alice, [...alice.entries, marked, older]))).toBe('stale');
});

test('C2: twenty devices are listed, one more is too many; none, zero and twice the same are malformed', async () => {
  const alice = await makeAccount(random);
  const ids = (count: number) => Array.from({ length: count }, (_, i) => i + 1);
  const full = await grow(alice, alice.list, ids(MAX_DEVICES));
  expect((await verify(alice, [...alice.entries, full])).devices.length).toBe(MAX_DEVICES);
  expect(await refusal(() => grow(alice, alice.list, ids(MAX_DEVICES + 1)))).toBe('too-large');
  for (const bad of [[], [0], [1, 1], [2 ** 31]]) expect(await refusal(() => grow(alice, alice.list, bad))).toBe('malformed');
  const flood = Array.from({ length: MAX_DEVICE_LIST_ENTRIES + 1 }, () => full);
  expect(await refusal(() => verify(alice, flood))).toBe('too-large');
});
