import { expect, test } from 'vitest';
import { type Bytes, generateKeyPair, MAX_IDENTITY_ROTATIONS, signIdentityRotation, verifyRotationChain } from '../../crypto/index.ts';
import { makeAccount } from '../support/accounts.ts';
import { refusal } from '../support/refusal.ts';
import { seededRandom } from '../support/seeded-random.ts';

const random = seededRandom('identity rotation');
const ZEROS = new Uint8Array(32);

test('C17: without entries the identity key is the genesis record’s', async () => {
  const alice = await makeAccount(random);
  expect(await verifyRotationChain(alice.genesis, [])).toEqual({
    identityKey: alice.identity.publicKey,
    identityKeys: [alice.identity.publicKey],
    version: 0,
    headHash: ZEROS,
  });
});

test('C17: each rotation follows the one before it, signed by the account key', async () => {
  const alice = await makeAccount(random);
  const entries: Bytes[] = [];
  let head = await verifyRotationChain(alice.genesis, []);
  for (let i = 1; i <= 3; i++) {
    const next = await generateKeyPair(random);
    entries.push(await signIdentityRotation(alice.accountKey.seed, alice.accountId, head, next.publicKey));
    head = await verifyRotationChain(alice.genesis, entries);
    expect(head).toMatchObject({ version: i, identityKey: next.publicKey });
  }
  const [first, second, third] = entries as [Bytes, Bytes, Bytes];
  for (const wrong of [[second], [first, third], [second, first], [first, first]]) {
    expect(await refusal(() => verifyRotationChain(alice.genesis, wrong))).toBe('broken-link');
  }
});

test('thief-rotates: neither the identity key nor another account’s key rotates (C17)', async () => {
  const [alice, mallory] = [await makeAccount(random), await makeAccount(random)];
  const next = await generateKeyPair(random);
  const start = { version: 0, headHash: ZEROS };
  const byMallory = await signIdentityRotation(mallory.accountKey.seed, alice.accountId, start, next.publicKey);
  expect(await refusal(() => verifyRotationChain(alice.genesis, [byMallory]))).toBe('bad-signature');
  const ofMallory = await signIdentityRotation(mallory.accountKey.seed, mallory.accountId, start, next.publicKey);
  expect(await refusal(() => verifyRotationChain(alice.genesis, [ofMallory]))).toBe('wrong-context');
});

test('C17: a key that was replaced never comes back', async () => {
  const alice = await makeAccount(random);
  const again = await signIdentityRotation(
    alice.accountKey.seed,
    alice.accountId,
    { version: 0, headHash: ZEROS },
    alice.identity.publicKey,
  );
  expect(await refusal(() => verifyRotationChain(alice.genesis, [again]))).toBe('not-allowed');
});

test('C2: a chain of more than 64 rotations is too large', async () => {
  const alice = await makeAccount(random);
  const flood = Array.from({ length: MAX_IDENTITY_ROTATIONS + 1 }, () => new Uint8Array(0));
  expect(await refusal(() => verifyRotationChain(alice.genesis, flood))).toBe('too-large');
  const full = { version: MAX_IDENTITY_ROTATIONS, headHash: ZEROS };
  const next = await generateKeyPair(random);
  expect(await refusal(() => signIdentityRotation(alice.accountKey.seed, alice.accountId, full, next.publicKey))).toBe('too-large');
});
