import { expect, test } from 'vitest';
import {
  encodeContent,
  generateKeyPair,
  type Introduction,
  KIND,
  parseContent,
  requireContext,
  signDeviceList,
  signIdentityRotation,
  utf8,
  verifyIntroduction,
} from '../../crypto/index.ts';
import { makeAccount, NOW, type TestAccount } from '../support/accounts.ts';
import { refusal } from '../support/refusal.ts';
import { seededRandom } from '../support/seeded-random.ts';

const random = seededRandom('introduction');

function introduce(account: TestAccount, changes: Partial<Introduction> = {}): Introduction {
  return { genesis: account.genesisBytes, rotations: [], deviceList: account.entries, certificate: '', ...changes };
}

test('C20: an honest stranger is who he says', async () => {
  const alice = await makeAccount(random, [1, 4]);
  const claim = { identityKey: alice.identity.publicKey, fromAccount: alice.accountId, fromDevice: 4 };
  expect(await verifyIntroduction(introduce(alice), claim)).toEqual({
    genesis: alice.genesis,
    deviceList: alice.list,
    identityKeys: [alice.identity.publicKey],
  });
});

test('stranger-claims-to-be-alice: every way of borrowing her name is refused (C20)', async () => {
  const [alice, mallory] = [await makeAccount(random), await makeAccount(random)];
  const asAlice = { identityKey: mallory.identity.publicKey, fromAccount: alice.accountId, fromDevice: 1 };
  const check = (introduction: Introduction, claim = asAlice) => refusal(() => verifyIntroduction(introduction, claim));

  // Her records with his handshake; his records under her id; a mixture of both.
  expect(await check(introduce(alice))).toBe('untrusted-identity');
  expect(await check(introduce(mallory))).toBe('wrong-context');
  expect(await check(introduce(alice, { genesis: mallory.genesisBytes }))).toBe('wrong-context');
  expect(await check(introduce(mallory, { genesis: alice.genesisBytes }))).toBe('untrusted-identity');

  // A rotation to his key that he signed himself, and one of his own chain.
  const start = { version: 0, headHash: new Uint8Array(32) };
  const forged = await signIdentityRotation(mallory.accountKey.seed, alice.accountId, start, mallory.identity.publicKey);
  expect(await check(introduce(alice, { rotations: [forged] }))).toBe('bad-signature');
  const next = await generateKeyPair(random);
  const his = await signIdentityRotation(mallory.accountKey.seed, mallory.accountId, start, next.publicKey);
  expect(await check(introduce(alice, { rotations: [his] }))).toBe('wrong-context');

  // A device that her list does not name, and a list he signed for her.
  const asHer = { ...asAlice, identityKey: alice.identity.publicKey };
  expect(await check(introduce(alice), { ...asHer, fromDevice: 2 })).toBe('not-allowed');
  const devices = [{ deviceId: 2, addedAt: NOW }];
  const list = await signDeviceList(mallory.identity.privateKey, alice.accountId, null, devices, random);
  expect(await check(introduce(alice, { deviceList: [list] }), { ...asHer, fromDevice: 2 })).toBe('bad-signature');
  expect(await check(introduce(alice, { deviceList: mallory.entries }), asHer)).toBe('wrong-context');
  expect(await check(introduce(alice, { deviceList: [] }), asHer)).toBe('malformed');

  // Her identity key put into a genesis record of his own: another account id, which is not hers.
  const twin = introduce(alice, { genesis: mallory.genesisBytes.slice() });
  twin.genesis.set(alice.identity.publicKey, 1);
  expect(await check(twin, asHer)).toBe('wrong-context');
});

test('stranger-claims-to-be-alice: after her rotation the old key is nobody’s (C20)', async () => {
  const alice = await makeAccount(random);
  const next = await generateKeyPair(random);
  const start = { version: 0, headHash: new Uint8Array(32) };
  const rotation = await signIdentityRotation(alice.accountKey.seed, alice.accountId, start, next.publicKey);
  const relisted = await signDeviceList(next.privateKey, alice.accountId, alice.list, alice.list.devices, random);
  const introduction = introduce(alice, { rotations: [rotation], deviceList: [...alice.entries, relisted] });
  const claim = { fromAccount: alice.accountId, fromDevice: 1 };
  expect(await refusal(() => verifyIntroduction(introduction, { ...claim, identityKey: next.publicKey }))).toBeNull();
  expect(await refusal(() => verifyIntroduction(introduction, { ...claim, identityKey: alice.identity.publicKey }))).toBe(
    'untrusted-identity',
  );
});

test('unknown-key-share: content is bound to accounts, devices, group and epoch (C19)', async () => {
  const [alice, bob] = [await makeAccount(random), await makeAccount(random)];
  const from = { accountId: alice.accountId, deviceId: 1 };
  const to = { accountId: bob.accountId, deviceId: 1 };
  const base = { from, messageId: random(16), counter: 1, sentAt: NOW, deviceList: alice.list, body: utf8('for bob') };
  const pairwise = parseContent(encodeContent({ ...base, kind: KIND.pairwise, to, introduction: introduce(alice) }));
  expect(pairwise.introduction).toEqual(introduce(alice));
  expect(await refusal(() => requireContext(pairwise, { from, to }))).toBeNull();
  const groupId = random(32);
  const group = parseContent(encodeContent({ ...base, kind: KIND.group, to: { groupId, epoch: 2, logVersion: 3, logHead: random(32) } }));
  expect(await refusal(() => requireContext(group, { from, to: { groupId, epoch: 2 } }))).toBeNull();

  const wrong = [
    () => requireContext(pairwise, { from: { ...from, accountId: bob.accountId }, to }),
    () => requireContext(pairwise, { from: { ...from, deviceId: 2 }, to }),
    () => requireContext(pairwise, { from, to: { ...to, accountId: alice.accountId } }),
    () => requireContext(pairwise, { from, to: { ...to, deviceId: 2 } }),
    () => requireContext(group, { from: to, to: { groupId, epoch: 2 } }),
    () => requireContext(group, { from, to: { groupId, epoch: 1 } }),
    () => requireContext(group, { from, to: { groupId: random(32), epoch: 2 } }),
  ];
  for (const run of wrong) expect(await refusal(run)).toBe('wrong-context');
});
