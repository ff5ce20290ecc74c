import { beforeAll, expect, test } from 'vitest';
import { nodePrimitives } from '../../client/adapters/node-primitives.ts';
import { type Bytes, compareScannable, installPrimitives, safetyNumber, toHex } from '../../crypto/index.ts';
import { combineFingerprints, fingerprint } from '../../crypto/safety-number.ts';
import { makeAccount } from '../support/accounts.ts';
import { refusal } from '../support/refusal.ts';
import { seededRandom } from '../support/seeded-random.ts';

beforeAll(() => installPrimitives(nodePrimitives));

function hex(text: string): Bytes {
  return Uint8Array.from(text.match(/../g) ?? [], (pair) => Number.parseInt(pair, 16));
}

test('S6: Signal’s own example: the digits and the code its library gives', () => {
  const alice = fingerprint('+14152222222', hex('06863bc66d02b40d27b8d49ca7c09e9239236f9d7d25d6fcca5ce13c7064d868'));
  const bob = fingerprint('+14153333333', hex('f781b6fb32fed9ba1cf2de978d4d5da28dc34046ae814402b5c0dbd96fda907b'));
  const { digits, scannable } = combineFingerprints(alice, bob);
  expect(digits).toBe('300354477692869396892869876765458257569162576843440918079131');
  expect(toHex(scannable)).toBe(
    '080212220a201e301a0353dce3dbe7684cb8336e85136cdc0ee96219494ada305d62a7bd61df1a220a20d62cbf73a11592015b6b9f1682ac306fea3aaf3885b84d12bca631e9d4fb3a4d',
  );
  expect(combineFingerprints(bob, alice).digits).toBe(digits);
});

async function parties(seed: string) {
  const random = seededRandom(seed);
  const made = [await makeAccount(random), await makeAccount(random), await makeAccount(random)] as const;
  return made.map(({ accountId, accountKey }) => ({ accountId, accountKey: accountKey.publicKey }));
}

test('S6: both sides see the same sixty digits, their codes match, and any other account differs', async () => {
  const [alice, bob, mallory] = (await parties('safety')) as [
    { accountId: string; accountKey: Bytes },
    { accountId: string; accountKey: Bytes },
    never,
  ];
  const [ours, theirs, wrong] = [await safetyNumber(alice, bob), await safetyNumber(bob, alice), await safetyNumber(alice, mallory)];
  expect(ours.digits).toMatch(/^\d{60}$/);
  expect(theirs.digits).toBe(ours.digits);
  expect(wrong.digits).not.toBe(ours.digits);
  expect(compareScannable(ours.scannable, theirs.scannable)).toBe('match');
  expect(compareScannable(ours.scannable, wrong.scannable)).toBe('mismatch');
  // A mirror shows our own code.
  expect(compareScannable(ours.scannable, ours.scannable)).toBe('mismatch');
  const swapped = await safetyNumber({ ...alice, accountKey: bob.accountKey }, { ...bob, accountKey: alice.accountKey });
  expect(swapped.digits).not.toBe(ours.digits);
});

test('what is no such code is malformed, another version says so, a low-order key is refused', async () => {
  const [alice, bob] = (await parties('malformed')) as [{ accountId: string; accountKey: Bytes }, { accountId: string; accountKey: Bytes }];
  const { scannable } = await safetyNumber(alice, bob);
  const compare = (scanned: Uint8Array) => refusal(() => compareScannable(scannable, scanned));
  for (let length = 0; length < scannable.length; length++) expect(await compare(scannable.slice(0, length))).toBe('malformed');
  expect(await compare(new Uint8Array([...scannable, 0]))).toBe('malformed');
  for (const at of [0, 2, 3, 4, 5, 38, 39, 40, 41]) {
    const changed = scannable.slice();
    changed[at] = (changed[at] as number) ^ 1;
    expect(await compare(changed), `byte ${at}`).toBe('malformed');
  }
  const later = scannable.slice();
  later[1] = 3;
  expect(await compare(later)).toBe('unsupported-version');
  expect(await refusal(() => safetyNumber(alice, { ...bob, accountKey: new Uint8Array(32) }))).toBe('bad-key');
  expect(await refusal(() => safetyNumber({ ...alice, accountId: 'alice' }, bob))).toBe('malformed');
});
