import { expect, test } from 'vitest';
import {
  deriveAccountKey,
  ed25519Signer,
  encodeGenesis,
  accountIdOf,
  identitySigner,
  PURPOSE,
  primitives,
  purposeBytes,
  seedSigner,
  seededSign,
  signDeviceList,
  signPrekey,
  signPurpose,
  signIdentityRotation,
  utf8,
  verifyDeviceList,
  verifyDeviceRecord,
  verifyEd25519Purpose,
  verifyPrekey,
  verifyPurpose,
  verifyRotationChain,
  concat,
} from '../../crypto/index.ts';
import { makeAccount, makeDevice, NOW } from '../support/accounts.ts';
import { refusal } from '../support/refusal.ts';
import { seededRandom } from '../support/seeded-random.ts';

const random = seededRandom('signature domain');
const BODY = utf8('the same body everywhere');
const purposes = Object.values(PURPOSE);

test('C4: no purpose is the beginning of another’s bytes, and none begins like a prekey signature', () => {
  expect(new Set(purposes).size).toBe(purposes.length);
  for (const purpose of purposes) {
    expect(purpose).toMatch(/^[a-z ]+$/);
    expect(purposeBytes(purpose, BODY)).toEqual(concat(utf8(`Sottovoce v1 ${purpose}`), Uint8Array.of(0), BODY));
    expect(purposeBytes(purpose, BODY)[0]).not.toBe(5);
  }
});

test('signature-domain: a signature verifies under its own purpose alone, for every pair and every signer (C4)', async () => {
  const { identity, accountKey } = await makeAccount(random);
  const seed = random(32);
  const signers = [
    { sign: identitySigner(identity.privateKey, random), key: identity.publicKey, verify: verifyPurpose },
    { sign: seedSigner(accountKey.seed), key: accountKey.publicKey, verify: verifyPurpose },
    { sign: ed25519Signer(seed), key: await primitives.ed25519PublicKey(seed), verify: verifyEd25519Purpose },
  ];
  for (const { sign, key, verify } of signers) {
    for (const made of purposes) {
      const signature = await signPurpose(sign, made, BODY);
      for (const asked of purposes) {
        const code = await refusal(() => verify(key, asked, BODY, signature));
        expect(code, `${made} as ${asked}`).toBe(made === asked ? null : 'bad-signature');
      }
      expect(await refusal(() => verify(key, made, concat(BODY, BODY), signature))).toBe('bad-signature');
      expect(await refusal(() => verify(key, made, BODY, signature.slice(1)))).toBe('bad-signature');
    }
  }
});

test('signature-domain: what one key signed for one structure stands under no other (C4)', async () => {
  // The worst case: one key is identity key and account key at once, so that only the purposes keep the structures apart.
  const { seed, publicKey } = await deriveAccountKey(random(16));
  const genesis = { identityKey: publicKey, accountKey: publicKey, random: random(16) };
  const accountId = accountIdOf(encodeGenesis(genesis));
  const start = { version: 0, headHash: new Uint8Array(32) };
  const account = await makeAccount(random);
  const rotation = await signIdentityRotation(seed, accountId, start, account.identity.publicKey);
  expect(await refusal(() => verifyRotationChain(genesis, [rotation]))).toBeNull();

  expect(await refusal(() => verifyDeviceList([rotation], { accountId, identityKeys: [publicKey] }))).toBe('wrong-kind');
  const relabelled = rotation.slice();
  relabelled[1] = 1;
  expect(await refusal(() => verifyDeviceList([relabelled], { accountId, identityKeys: [publicKey] }))).toBe('bad-signature');

  const list = await signDeviceList(account.identity.privateKey, account.accountId, null, [{ deviceId: 1, addedAt: NOW }], random);
  expect(await refusal(() => verifyRotationChain(account.genesis, [list]))).toBe('wrong-kind');

  // A signature over bare bytes, without a purpose, is nothing but a signature over bare bytes.
  const { record, bytes } = await makeDevice(account, random);
  const bare = bytes.slice();
  bare.set(await primitives.xeddsaSign(account.identity.privateKey, bytes.slice(0, -64), random), bytes.length - 64);
  const expected = { accountId: account.accountId, identityKey: account.identity.publicKey, now: NOW };
  expect(await refusal(() => verifyDeviceRecord(bare, expected))).toBe('bad-signature');
  const asPrekey = await signPurpose(
    identitySigner(account.identity.privateKey, random),
    PURPOSE.deviceRecord,
    record.signedPrekey.publicKey,
  );
  expect(await refusal(() => verifyPrekey(account.identity.publicKey, { ...record.signedPrekey, signature: asPrekey }))).toBe(
    'bad-signature',
  );
  const prekey = await signPrekey(account.identity.privateKey, record.signedPrekey.publicKey, random);
  for (const purpose of purposes) {
    expect(await refusal(() => verifyPurpose(account.identity.publicKey, purpose, record.signedPrekey.publicKey, prekey))).toBe(
      'bad-signature',
    );
  }
});

test('C4: a seeded signature is one of Ed25519 but for the sign bit', async () => {
  const seed = random(32);
  const signature = await seededSign(seed, BODY);
  const plain = signature.slice();
  plain[63] = (plain[63] as number) & 0x7f;
  expect(plain).toEqual(await primitives.ed25519Sign(seed, BODY));
});
