import { expect, test } from 'vitest';
import { judgeAccount } from '../../client/messenger/directory.ts';
import { generateKeyPair, signDeviceList, signIdentityRotation, verifyDeviceList } from '../../crypto/index.ts';
import { makeAccount, NOW } from '../support/accounts.ts';
import { seededRandom } from '../support/seeded-random.ts';

const random = seededRandom('judge account');

test('C18: what a thief of a device listed under an identity that was then rotated away does not count against the account', async () => {
  const alice = await makeAccount(random);
  // Who stole the device holds the identity key of that time: he lists a device of his own, and Bob is shown it.
  const stolen = [...alice.list.devices, { deviceId: 9, addedAt: NOW }];
  const forged = await signDeviceList(alice.identity.privateKey, alice.accountId, alice.list, stolen, random);
  const known = await verifyDeviceList([...alice.entries, forged], {
    accountId: alice.accountId,
    identityKeys: [alice.identity.publicKey],
  });
  // Alice rotates with her recovery key and goes on from her own list.
  const next = await generateKeyPair(random);
  const start = { version: 0, headHash: new Uint8Array(32) };
  const rotation = await signIdentityRotation(alice.accountKey.seed, alice.accountId, start, next.publicKey);
  const relisted = await signDeviceList(next.privateKey, alice.accountId, alice.list, alice.list.devices, random);
  const records = { username: 'alice', genesis: alice.genesisBytes, rotations: [rotation], entries: [...alice.entries, relisted] };
  const judged = await judgeAccount(alice.accountId, records, { genesis: alice.genesisBytes, rotations: [], deviceList: known });
  expect(judged.verdict).toBe('ok');
});
