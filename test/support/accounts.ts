import {
  type AccountId,
  accountIdOf,
  type Bytes,
  type DeviceList,
  type DeviceRecord,
  deriveAccountKey,
  encodeGenesis,
  type GenesisRecord,
  generateGenesis,
  generateKeyPair,
  generateRecoveryKey,
  generateSealingKey,
  type KeyPair,
  type RandomBytes,
  type SealingKeyPair,
  signDeviceList,
  signDeviceRecord,
  signPrekey,
  verifyDeviceList,
} from '../../crypto/index.ts';

export const NOW = Date.UTC(2026, 10, 20);

export type TestAccount = {
  accountId: AccountId;
  entropy: Bytes;
  accountKey: { publicKey: Bytes; seed: Bytes };
  identity: KeyPair;
  genesis: GenesisRecord;
  genesisBytes: Bytes;
  /** Device-list entries, and the list they make. */
  entries: Bytes[];
  list: DeviceList;
};

export async function makeAccount(random: RandomBytes, deviceIds: readonly number[] = [1]): Promise<TestAccount> {
  const { entropy } = generateRecoveryKey(random);
  const accountKey = await deriveAccountKey(entropy);
  const identity = await generateKeyPair(random);
  const genesis = generateGenesis({ identityKey: identity.publicKey, accountKey: accountKey.publicKey }, random);
  const genesisBytes = encodeGenesis(genesis);
  const accountId = accountIdOf(genesisBytes);
  const devices = deviceIds.map((deviceId) => ({ deviceId, addedAt: NOW }));
  const entries = [await signDeviceList(identity.privateKey, accountId, null, devices, random)];
  const list = await verifyDeviceList(entries, { accountId, identityKeys: [identity.publicKey] });
  return { accountId, entropy, accountKey, identity, genesis, genesisBytes, entries, list };
}

export type TestDevice = { record: DeviceRecord; bytes: Bytes; signedPrekey: KeyPair; sealing: SealingKeyPair };

export async function makeDevice(account: TestAccount, random: RandomBytes, changes: Partial<DeviceRecord> = {}): Promise<TestDevice> {
  const signedPrekey = await generateKeyPair(random);
  const sealing = await generateSealingKey(random);
  const record: DeviceRecord = {
    accountId: account.accountId,
    deviceId: 1,
    registrationId: 77,
    loginKey: random(32),
    signedPrekey: {
      id: 1,
      publicKey: signedPrekey.publicKey,
      signature: await signPrekey(account.identity.privateKey, signedPrekey.publicKey, random),
    },
    sealingKey: { id: 1, publicKey: sealing.publicKey },
    createdAt: NOW,
    sequence: 1,
    ...changes,
  };
  return { record, bytes: await signDeviceRecord(account.identity.privateKey, record, random), signedPrekey, sealing };
}
