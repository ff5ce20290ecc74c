/** The vault key under a passphrase: sealed by D1's AEAD under what Argon2id makes of it; everything else of the wrap is bound as AAD. */
import {
  type Bytes,
  CryptoError,
  deriveVaultKey,
  KIND,
  LABEL,
  openRecord,
  type RandomBytes,
  sealRecord,
  VAULT_PASSWORD_COST,
  wipe,
} from '../../../crypto/index.ts';
import { Failure } from '../api.ts';
import { encodeValue } from './codec.ts';
import type { PassphraseWrap } from './header.ts';

const SALT_BYTES = 16;

type WrapTerms = Omit<PassphraseWrap, 'sealed'>;

function aadOf({ type, version, salt, memoryKib, passes, lanes }: WrapTerms): Bytes {
  return encodeValue([type, version, salt, memoryKib, passes, lanes]);
}

export async function wrapVaultKey(vaultKey: Bytes, passphrase: string, random: RandomBytes): Promise<PassphraseWrap> {
  const terms: WrapTerms = { type: 'passphrase', version: 1, salt: random(SALT_BYTES), ...VAULT_PASSWORD_COST };
  const key = await deriveVaultKey(passphrase, terms.salt, terms);
  try {
    return { ...terms, sealed: await sealRecord(key, LABEL.vaultWrap, KIND.vault, aadOf(terms), vaultKey, random) };
  } finally {
    wipe(key);
  }
}

/** The header's bounds were checked: whatever is refused here is the passphrase, one that can be no passphrase included. */
export async function unwrapVaultKey(wrap: PassphraseWrap, passphrase: string): Promise<Bytes> {
  try {
    const key = await deriveVaultKey(passphrase, wrap.salt, wrap);
    try {
      return await openRecord(key, LABEL.vaultWrap, KIND.vault, aadOf(wrap), wrap.sealed);
    } finally {
      wipe(key);
    }
  } catch (error) {
    throw error instanceof CryptoError ? new Failure('wrong-passphrase') : error;
  }
}
