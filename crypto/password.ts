/**
 * The vault's key from a passphrase: Argon2id, RFC 9106 §3, version 0x13, by hash-wasm (no browser has it built in).
 *
 *   key 32 = Argon2id(P = UTF-8(NFKC(passphrase)), S = salt, m, t, p)
 *
 * NFKC, so that one sentence typed on two keyboards is one passphrase. Salt 16 to 64 bytes, stored beside the vault with the cost.
 * Does not make a guessable passphrase safe: it makes each guess cost 64 MiB and half a second.
 */
import { argon2id } from 'hash-wasm';
import { type Bytes, utf8, wipe } from './bytes.ts';
import { require } from './errors.ts';
import {
  MAX_PASSPHRASE_CHARACTERS,
  MAX_PASSWORD_LANES,
  MAX_PASSWORD_MEMORY_KIB,
  MAX_PASSWORD_PASSES,
  MIN_PASSWORD_MEMORY_KIB,
} from './limits.ts';

const KEY_BYTES = 32;
const MIN_SALT_BYTES = 16;
const MAX_SALT_BYTES = 64;

export type PasswordCost = { memoryKib: number; passes: number; lanes: number };

function within(value: number, least: number, most: number): void {
  require(Number.isInteger(value) && value >= least, 'malformed');
  require(value <= most, 'too-large');
}

/** Throws `malformed` or `too-large` for a cost, salt or passphrase out of bounds. */
export async function deriveVaultKey(passphrase: string, salt: Uint8Array, cost: PasswordCost): Promise<Bytes> {
  within(cost.memoryKib, MIN_PASSWORD_MEMORY_KIB, MAX_PASSWORD_MEMORY_KIB);
  within(cost.passes, 1, MAX_PASSWORD_PASSES);
  within(cost.lanes, 1, MAX_PASSWORD_LANES);
  within(salt.length, MIN_SALT_BYTES, MAX_SALT_BYTES);
  within(passphrase.length, 1, MAX_PASSPHRASE_CHARACTERS);
  // A lone surrogate has no UTF-8 of its own: two texts would be one passphrase.
  require(passphrase.isWellFormed(), 'malformed');
  const password = utf8(passphrase.normalize('NFKC'));
  const key = await argon2id({
    password,
    salt,
    memorySize: cost.memoryKib,
    iterations: cost.passes,
    parallelism: cost.lanes,
    hashLength: KEY_BYTES,
    outputType: 'binary',
  });
  wipe(password);
  return new Uint8Array(key);
}
