import { expect, test } from 'vitest';
import {
  accountIdOf,
  deriveAccountKey,
  deriveBackupKeys,
  generateRecoveryKey,
  parseRecoveryKey,
  seededSign,
  toHex,
  utf8,
  verifyPurpose,
  primitives,
  signPurpose,
  seedSigner,
  PURPOSE,
} from '../../crypto/index.ts';
import { makeAccount } from '../support/accounts.ts';
import { refusal } from '../support/refusal.ts';
import { seededRandom } from '../support/seeded-random.ts';

// Entropy and words from the published BIP-39 test vectors (128 bits, English).
const VECTORS = [
  ['00000000000000000000000000000000', 'abandon abandon abandon abandon abandon abandon abandon abandon abandon abandon abandon about'],
  ['7f7f7f7f7f7f7f7f7f7f7f7f7f7f7f7f', 'legal winner thank year wave sausage worth useful legal winner thank yellow'],
  ['80808080808080808080808080808080', 'letter advice cage absurd amount doctor acoustic avoid letter advice cage above'],
  ['ffffffffffffffffffffffffffffffff', 'zoo zoo zoo zoo zoo zoo zoo zoo zoo zoo zoo wrong'],
] as const;

test.each(VECTORS)('C14: BIP-39 entropy %s', (entropy, words) => {
  expect(toHex(parseRecoveryKey(words))).toBe(entropy);
  const bytes = Uint8Array.from(entropy.match(/../g) ?? [], (pair) => Number.parseInt(pair, 16));
  expect(generateRecoveryKey(() => bytes).words.join(' ')).toBe(words);
});

test('C14: words are taken as people type them', () => {
  const typed = '1. Legal\n2) WINNER\n3 thank 4. year, wave;sausage\tworth  useful legal winner thank\nyellow \n';
  expect(toHex(parseRecoveryKey(typed))).toBe('7f'.repeat(16));
});

test('C14: what is no recovery key is refused', async () => {
  const words = VECTORS[1][1].split(' ');
  const wrong = [
    '',
    words.slice(1).join(' '),
    [...words, 'yellow'].join(' '),
    [...words.slice(0, 11), 'year'].join(' '),
    [...words.slice(0, 11), 'sottovoce'].join(' '),
    `${'zoo '.repeat(11)}wrong${' '.repeat(1_000)}`,
    words.join('\u0000'),
  ];
  for (const text of wrong) expect(await refusal(() => parseRecoveryKey(text))).toBe('bad-recovery-key');
  expect(await refusal(() => deriveAccountKey(new Uint8Array(15)))).toBe('bad-recovery-key');
});

test('C14: the account key is a function of the words alone, and signs what XEdDSA verifies', async () => {
  const random = seededRandom('account key');
  const signBits = new Set<number>();
  for (let i = 0; i < 8; i++) {
    const { words, entropy } = generateRecoveryKey(random);
    const { publicKey, seed } = await deriveAccountKey(entropy);
    expect((await deriveAccountKey(parseRecoveryKey(words.join(' ')))).publicKey).toEqual(publicKey);
    const signature = await seededSign(seed, utf8('rotate'));
    signBits.add((signature[63] as number) >> 7);
    expect(await primitives.xeddsaVerify(publicKey, utf8('rotate'), signature)).toBe(true);
    expect(await primitives.xeddsaVerify(publicKey, utf8('rotatf'), signature)).toBe(false);
  }
  // Both values of the sign bit of A came up, so that the bit in signature[63] was needed.
  expect(signBits).toEqual(new Set([0, 1]));
});

test('C14: backup keys differ by account and from each other', async () => {
  const random = seededRandom('backup keys');
  const [alice, bob] = [await makeAccount(random), await makeAccount(random)];
  const keys = [deriveBackupKeys(alice.entropy, alice.accountId), deriveBackupKeys(alice.entropy, bob.accountId)];
  const all = keys.flatMap(({ backupKey, backupLoginSeed }) => [toHex(backupKey), toHex(backupLoginSeed)]);
  expect(new Set([...all, toHex(alice.accountKey.seed)]).size).toBe(5);
});

test('C13: the account id is the hash of every byte of the genesis record', async () => {
  const { genesisBytes, accountId } = await makeAccount(seededRandom('id'));
  expect(genesisBytes.length).toBe(81);
  expect(accountId).toMatch(/^[A-Za-z0-9_-]{43}$/);
  for (let i = 0; i < genesisBytes.length; i++) {
    const changed = genesisBytes.slice();
    changed[i] = (changed[i] as number) ^ 1;
    expect(accountIdOf(changed)).not.toBe(accountId);
  }
});

test('C4: account-key signatures carry their purpose', async () => {
  const { accountKey } = await makeAccount(seededRandom('purpose'));
  const signature = await signPurpose(seedSigner(accountKey.seed), PURPOSE.identityRotation, utf8('body'));
  expect(await refusal(() => verifyPurpose(accountKey.publicKey, PURPOSE.identityRotation, utf8('body'), signature))).toBeNull();
  expect(await refusal(() => verifyPurpose(accountKey.publicKey, PURPOSE.deviceList, utf8('body'), signature))).toBe('bad-signature');
});
