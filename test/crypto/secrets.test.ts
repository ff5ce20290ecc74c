// What is promised of secrets: keys are plain bytes, and who prints one prints it; but nothing that is thrown, and nothing that is printed
// by this library or the one under it, holds a byte of one.
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { unwrapVaultKey, wrapVaultKey } from '../../client/messenger/vault/wrap.ts';
import {
  type Bytes,
  CryptoError,
  createSenderKey,
  decrypt,
  deriveAccountKey,
  deriveBackupKeys,
  deriveEpochKeys,
  deriveRunSecret,
  deriveVaultKey,
  encrypt,
  epochCommitment,
  generateRecoveryKey,
  groupDecrypt,
  groupEncrypt,
  acceptDistribution,
  hkdf,
  KIND,
  LABEL,
  openGroup,
  openLogEntry,
  openPairwise,
  openRecord,
  parseRecoveryKey,
  primitives,
  sealRecord,
  seededSign,
  senderKeyDistribution,
  signDeviceRecord,
  startRun,
  startSession,
  utf8,
} from '../../crypto/index.ts';
import { decodeRecord } from '../../crypto/session/record.ts';
import { recordsOf } from '../../crypto/session/session.ts';
import { makeAccount, makeDevice, NOW } from '../support/accounts.ts';
import { everythingSaid, shownIn } from '../support/secret-trace.ts';
import { seededRandom } from '../support/seeded-random.ts';
import { bundleOf, inputOf, makePair, openSession, send } from '../support/session-party.ts';

const METHODS = ['log', 'info', 'warn', 'error', 'debug', 'trace', 'dir', 'table'] as const;
let printed: unknown[][];

beforeEach(() => {
  printed = [];
  for (const method of METHODS) {
    vi.spyOn(console, method).mockImplementation((...values: unknown[]) => {
      printed.push(values);
    });
  }
  for (const stream of [process.stdout, process.stderr]) {
    vi.spyOn(stream, 'write').mockImplementation((chunk) => {
      printed.push([chunk]);
      return true;
    });
  }
});

afterEach(() => {
  vi.restoreAllMocks();
});

test('the search finds a secret in every form, whole, in part and beside other bytes', () => {
  const secret = seededRandom('a secret')(32);
  const secrets = { secret };
  const beside = new Uint8Array([7, ...secret, 7]);
  const forms = [secret, beside, secret.slice(5, 20)].flatMap((bytes) => [
    Buffer.from(bytes).toString('hex'),
    Buffer.from(bytes).toString('hex').toUpperCase(),
    Buffer.from(bytes).toString('base64'),
    Buffer.from(bytes).toString('base64url'),
    bytes.join(', '),
    JSON.stringify([...bytes]),
    everythingSaid(bytes),
    everythingSaid(Buffer.from(bytes)),
    everythingSaid(new Error('broken', { cause: { bytes } })),
    everythingSaid(Object.assign(new Error('broken'), { bytes })),
  ]);
  for (const form of forms) expect(shownIn(form, secrets), form).toEqual(['secret']);
  expect(shownIn(everythingSaid(new CryptoError('bad-mac')), secrets)).toEqual([]);
});

/** Everything secret of a device in the middle of its work, and acts that fail with all of it in their hands. */
async function setUp() {
  const random = seededRandom('secrets');
  const account = await makeAccount(random);
  const { record, sealing, signedPrekey } = await makeDevice(account, random);
  const { alice, bob } = await makePair(random);
  const message = await send(alice, bob, 'a text');
  const state = decodeRecord(recordsOf(openSession(bob, alice), alice.address)[0] as Bytes);
  const { words, entropy } = generateRecoveryKey(random);
  const senderKey = await createSenderKey(random(16), random);
  const sent = await groupEncrypt(senderKey, utf8('a text'));
  const states = acceptDistribution(null, senderKeyDistribution(senderKey));
  const address = { ...record, sealingKeyId: 1 };
  const run = await startRun({ ...address, sealingPublicKey: sealing.publicKey }, NOW, random);
  const epochSecret = random(32);
  const groupId = random(32);
  const epoch = await deriveEpochKeys(epochSecret, groupId, 1);
  const vaultKey = random(32);
  const wrapped = await wrapVaultKey(vaultKey, 'a passphrase', random);
  const chainKeys = state.chains.flatMap(({ chainKey }) => (chainKey ? [chainKey] : []));
  const secrets: Record<string, Uint8Array> = {
    'identity key': account.identity.privateKey,
    'account seed': account.accountKey.seed,
    'recovery entropy': entropy,
    'backup key': deriveBackupKeys(entropy, account.accountId).backupKey,
    'signed prekey': signedPrekey.privateKey,
    'sealing key': sealing.privateKey,
    'session identity': bob.ours.identity.privateKey,
    'root key': state.rootKey,
    'ratchet key': state.ratchetPair.privateKey,
    ...Object.fromEntries(chainKeys.map((key, i) => [`chain key ${i}`, key])),
    'sender chain key': senderKey.slice(25, 57),
    'sender signing seed': senderKey.slice(57, 89),
    'run secret': run.secret,
    'epoch secret': epochSecret,
    'epoch seal key': epoch.seal,
    'epoch hint key': epoch.hint,
    'epoch log key': epoch.log,
    'epoch access seed': epoch.access.seed,
    'vault key': vaultKey,
    passphrase: utf8('a passphrase'),
    words: utf8(words.join(' ')),
  };
  const garbage = random(2_048);
  const long = <B extends Uint8Array>(secret: B): Bytes => new Uint8Array([...secret, 0]);
  const envelope = Uint8Array.from(garbage, (byte, i) => (i === 0 ? 1 : i === 1 ? KIND.pairwise : byte));
  const groupEnvelope = Uint8Array.from(envelope, (byte, i) => (i === 1 ? KIND.group : byte));
  const changed = message.map((byte, i) => (i === message.length - 1 ? byte ^ 1 : byte));
  const input = inputOf(bob, alice, message);
  const broken = openSession(bob, alice).map((byte, i) => (i > 300 && i < 360 ? byte ^ 0xff : byte));
  const acts: (() => unknown)[] = [
    () => decrypt({ ...input, message: changed }),
    () => decrypt({ ...input, expectedIdentity: account.identity.publicKey }),
    () => decrypt({ ...input, session: broken }),
    () => decrypt({ ...input, message: garbage }),
    () => decrypt({ ...input, peer: bob.address }),
    () => encrypt(broken.slice(0, -1), bob.ours, alice.address, utf8('text')),
    () => encrypt(openSession(bob, alice), bob.ours, bob.address, utf8('text')),
    () => startSession(bob.ours, bob.address, { ...bundleOf(alice, 1), identityKey: account.identity.publicKey }, random),
    () => startSession(bob.ours, bob.address, bundleOf(bob), random),
    () => groupEncrypt(long(senderKey), utf8('text')),
    () => senderKeyDistribution(senderKey.slice(1)),
    () =>
      groupDecrypt(
        states,
        sent.message.map((byte, i) => (i === 40 ? byte ^ 1 : byte)),
      ),
    () => groupDecrypt(states.slice(0, -1), sent.message),
    () =>
      acceptDistribution(
        states,
        senderKeyDistribution(senderKey).map((byte, i) => (i === 3 ? byte ^ 1 : byte)),
      ),
    () => openPairwise(run.secret, envelope),
    () => openPairwise(long(run.secret), envelope),
    () => openGroup(epoch, groupEnvelope),
    () => openLogEntry(epoch.log, groupId, 0, garbage),
    () => deriveEpochKeys(long(epochSecret), groupId, 1),
    () => epochCommitment(epochSecret, epochSecret.slice(1), 1),
    () => deriveRunSecret({ ...address, privateKey: long(sealing.privateKey), publicKey: sealing.publicKey }, envelope),
    () => deriveRunSecret({ ...address, privateKey: sealing.privateKey, publicKey: new Uint8Array(1_216).fill(0xff) }, envelope),
    () => startRun({ ...address, sealingPublicKey: sealing.privateKey }, NOW, random),
    () => signDeviceRecord(long(account.identity.privateKey), record, random),
    () => seededSign(long(account.accountKey.seed), garbage),
    () => primitives.x25519(account.identity.privateKey, new Uint8Array(32)),
    () => primitives.x25519(long(account.identity.privateKey), account.identity.publicKey),
    () => primitives.aesGcmDecrypt(epoch.seal, new Uint8Array(12), garbage, garbage),
    () => primitives.aesCbcDecrypt(epoch.seal, new Uint8Array(16), garbage.subarray(1)),
    () => hkdf(epochSecret, garbage, garbage, 9_000),
    () => deriveAccountKey(long(entropy)),
    () => parseRecoveryKey(words.toReversed().join(' ')),
    () => parseRecoveryKey(`${words.join(' ')} ${words[0]}`),
    () => deriveVaultKey('a passphrase', garbage.subarray(0, 16), { memoryKib: 1, passes: 1, lanes: 1 }),
    () => deriveVaultKey('a passphrase\ud800', garbage.subarray(0, 16), { memoryKib: 8_192, passes: 1, lanes: 1 }),
    () => unwrapVaultKey(wrapped, 'another passphrase'),
    () => openRecord(vaultKey, LABEL.vaultRecord, KIND.vault, garbage, garbage),
    () => sealRecord(long(vaultKey), LABEL.vaultRecord, KIND.vault, garbage, garbage, random),
  ];
  return { secrets, acts };
}

test('nothing thrown holds a byte of a secret, and nothing is printed', async () => {
  const { secrets, acts } = await setUp();
  const refusals: unknown[] = [];
  for (const act of acts) {
    try {
      await act();
    } catch (error) {
      refusals.push(error);
    }
  }
  // `parseRecoveryKey` takes one wrong order in sixteen for another key: everything else must have failed.
  expect(refusals.length).toBeGreaterThanOrEqual(acts.length - 1);
  for (const error of refusals) {
    expect(error).toBeInstanceOf(Error);
    expect(['CryptoError', 'Failure']).toContain((error as Error).name);
    expect((error as Error).cause).toBeUndefined();
    expect(shownIn(everythingSaid(error), secrets)).toEqual([]);
  }
  expect(printed).toEqual([]);
});
