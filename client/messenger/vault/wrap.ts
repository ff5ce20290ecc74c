/** The vault key under a passphrase: sealed by D1's AEAD under what Argon2id makes of it; everything else of the wrap is bound as AAD. */
import { type Bytes, CryptoError, KIND, LABEL, openRecord, type RandomBytes, sealRecord, wipe } from '../../../crypto/index.ts';
import { Failure } from '../api.ts';
import { encodeValue } from './codec.ts';
import type { PassphraseWrap } from './header.ts';
import { derivePassphraseKey } from './passphrase.ts';

// D9. OWASP's second choice has 19 MiB; 64 MiB take a phone about half a second and a cracker's card most of its threads.
const COST = { memoryKib: 65_536, passes: 3, lanes: 1 } as const;
const SALT_BYTES = 16;

type WrapTerms = Omit<PassphraseWrap, 'sealed'>;

function aadOf({ type, version, salt, memoryKib, passes, lanes }: WrapTerms): Bytes {
  return encodeValue([type, version, salt, memoryKib, passes, lanes]);
}

export async function wrapVaultKey(vaultKey: Bytes, passphrase: string, random: RandomBytes): Promise<PassphraseWrap> {
  const terms: WrapTerms = { type: 'passphrase', version: 1, salt: random(SALT_BYTES), ...COST };
  const key = await derivePassphraseKey(passphrase, terms.salt, terms);
  try {
    return { ...terms, sealed: await sealRecord(key, LABEL.vaultWrap, KIND.vault, aadOf(terms), vaultKey, random) };
  } finally {
    wipe(key);
  }
}

export async function unwrapVaultKey(wrap: PassphraseWrap, passphrase: string): Promise<Bytes> {
  const key = await derivePassphraseKey(passphrase, wrap.salt, wrap);
  try {
    return await openRecord(key, LABEL.vaultWrap, KIND.vault, aadOf(wrap), wrap.sealed);
  } catch (error) {
    if (error instanceof CryptoError && error.code === 'bad-mac') throw new Failure('wrong-passphrase');
    throw error;
  } finally {
    wipe(key);
  }
}
