/**
 * The recovery key: the one secret a person keeps (D10). 128 bits of BIP-39 entropy as twelve English words
 * (https://github.com/bitcoin/bips/blob/master/bip-0039.mediawiki, "Generating the mnemonic"):
 *   words = entropy 128 ‖ SHA-256(entropy)[0..4 bits], 11 bits a word
 * Never chosen by a person and never stretched: BIP-39's PBKDF2 is not used, keys come from the entropy itself (keys/account-key.ts).
 *
 * Not promised: that a wrong word is always noticed. The checksum has four bits; a wrong set of listed words passes one time in
 * sixteen, and then derives an account key that is not the account's, which whoever restores must check.
 */
import { entropyToMnemonic, mnemonicToEntropy } from '@scure/bip39';
import { wordlist } from '@scure/bip39/wordlists/english.js';
import type { Bytes, RandomBytes } from './bytes.ts';
import { CryptoError, require } from './errors.ts';
import { RECOVERY_ENTROPY_BYTES } from './keys/account-key.ts';
import { MAX_RECOVERY_TEXT_CHARACTERS, RECOVERY_KEY_WORDS } from './limits.ts';

export function generateRecoveryKey(random: RandomBytes): { words: string[]; entropy: Bytes } {
  const entropy = random(RECOVERY_ENTROPY_BYTES);
  return { entropy, words: entropyToMnemonic(entropy, wordlist).split(' ') };
}

/** Takes words as people type and paste them: any case, numbered, on several lines. Throws `bad-recovery-key`. */
export function parseRecoveryKey(text: string): Bytes {
  require(text.length <= MAX_RECOVERY_TEXT_CHARACTERS, 'bad-recovery-key');
  const words = text
    .normalize('NFKC')
    .toLowerCase()
    .split(/[\s\d.,;:()-]+/u)
    .filter((word) => word !== '');
  require(words.length === RECOVERY_KEY_WORDS, 'bad-recovery-key');
  try {
    return Uint8Array.from(mnemonicToEntropy(words.join(' '), wordlist));
  } catch {
    throw new CryptoError('bad-recovery-key');
  }
}
