import { argon2id } from '@noble/hashes/argon2.js';
import { expect, test } from 'vitest';
import { deriveVaultKey, MIN_PASSWORD_MEMORY_KIB, utf8, VAULT_PASSWORD_COST } from '../../crypto/index.ts';
import { refusal } from '../support/refusal.ts';

const salt = new Uint8Array(16).fill(7);
const light = { memoryKib: MIN_PASSWORD_MEMORY_KIB, passes: 1, lanes: 1 };

test('it is Argon2id as RFC 9106 has it: another implementation gives the same key', async () => {
  const expected = argon2id(utf8('correct horse'), salt, { m: light.memoryKib, t: 1, p: 1, dkLen: 32 });
  expect(await deriveVaultKey('correct horse', salt, light)).toEqual(expected);
});

test('S7: the cost of a new vault is 64 MiB and three passes', async () => {
  expect(VAULT_PASSWORD_COST).toEqual({ memoryKib: 65_536, passes: 3, lanes: 1 });
  const key = await deriveVaultKey('correct horse', salt, VAULT_PASSWORD_COST);
  expect(key.length).toBe(32);
  expect(key).not.toEqual(await deriveVaultKey('correct horse', salt, light));
});

test('S7: one sentence typed on two keyboards is one passphrase, another sentence is not', async () => {
  const key = await deriveVaultKey('caf\u00e9 \ufb01n', salt, light);
  expect(await deriveVaultKey('cafe\u0301 fin', salt, light)).toEqual(key);
  expect(await deriveVaultKey('cafe fin', salt, light)).not.toEqual(key);
  expect(await deriveVaultKey('caf\u00e9 fin', salt.slice().fill(8), light)).not.toEqual(key);
});

test('S7: costs, salts and passphrases out of bounds are refused', async () => {
  const derive = (changes: object, passphrase = 'x', bytes = salt) =>
    refusal(() => deriveVaultKey(passphrase, bytes, { ...light, ...changes }));
  expect(await derive({ memoryKib: 8_191 })).toBe('malformed');
  expect(await derive({ memoryKib: 1_048_577 })).toBe('too-large');
  expect(await derive({ passes: 0 })).toBe('malformed');
  expect(await derive({ passes: 17 })).toBe('too-large');
  expect(await derive({ lanes: 1.5 })).toBe('malformed');
  expect(await derive({ lanes: 5 })).toBe('too-large');
  expect(await derive({}, 'x', salt.slice(1))).toBe('malformed');
  expect(await derive({}, 'x', new Uint8Array(65))).toBe('too-large');
  expect(await derive({ memoryKib: 8_192 }, 'x'.repeat(1_024))).toBeNull();
  expect(await derive({}, '')).toBe('malformed');
  expect(await derive({}, '\ud800')).toBe('malformed');
  expect(await derive({}, 'x'.repeat(1_025))).toBe('too-large');
});
