/** C14: the recovery key, and what is derived from it. */
import {
  accountIdFromBytes,
  deriveAccountKey,
  deriveBackupKeys,
  generateRecoveryKey,
  parseRecoveryKey,
  toHex,
  utf8,
} from '../../../crypto/index.ts';
import type { Family } from '../family.ts';
import { agreed, hkdfSha256 } from '../independent.ts';
import { hex, list, text } from '../shape.ts';

const NONE = new Uint8Array(0);

export const recoveryKey: Family = {
  name: 'recovery-key',
  algorithm: 'Recovery key (C14)',
  notes: {
    Basic: {
      bugType: 'BASIC',
      description: 'Words of an entropy, and back.',
      links: ['https://github.com/bitcoin/bips/blob/master/bip-0039.mediawiki'],
    },
    AsTyped: { bugType: 'EDGE_CASE', description: 'Words as people type, paste and number them.' },
    Checksum: {
      bugType: 'AUTH_BYPASS',
      description: 'Twelve words of the list whose last four bits do not fit.',
      effect: 'A slip of the pen makes another account.',
    },
    NoWord: { bugType: 'MALFORMED', description: 'A word that is not in the list.' },
    Count: { bugType: 'MALFORMED', description: 'Not twelve words. Longer BIP-39 phrases are no recovery keys.' },
    TooLong: { bugType: 'EDGE_CASE', description: 'More than 1,000 characters.' },
    Entropy: { bugType: 'EDGE_CASE', description: 'Not 16 bytes.' },
  },
  shapes: {
    generate: { input: { random: hex(16) }, expected: { words: list(text) } },
    parse: { input: { text }, expected: { entropy: hex(16) } },
    derive: {
      input: { entropy: hex(), accountId: hex(32) },
      expected: { accountSeed: hex(32), accountKey: hex(32), backupKey: hex(32), backupLoginSeed: hex(32) },
    },
  },
  async run(type, input, { bytes, random }) {
    if (type === 'generate') return { words: generateRecoveryKey(random(input['random'])).words };
    if (type === 'parse') return { entropy: toHex(parseRecoveryKey(input['text'] as string)) };
    const entropy = bytes(input['entropy']);
    const id = bytes(input['accountId']);
    const { seed, publicKey } = await deriveAccountKey(entropy);
    const { backupKey, backupLoginSeed } = deriveBackupKeys(entropy, accountIdFromBytes(id));
    const derive = (label: string, salt: Uint8Array): Uint8Array => hkdfSha256(entropy, salt, utf8(`Sottovoce v1 ${label}`), 32);
    return {
      accountSeed: agreed('account seed', seed, derive('account key', NONE)),
      accountKey: toHex(publicKey),
      backupKey: agreed('backup key', backupKey, derive('backup key', id)),
      backupLoginSeed: agreed('backup login seed', backupLoginSeed, derive('backup login', id)),
    };
  },
  async generate({ random, group, valid, invalid }) {
    const entropies = [
      '00'.repeat(16),
      'ff'.repeat(16),
      '7f'.repeat(16),
      '80'.repeat(16),
      ...Array.from({ length: 4 }, () => toHex(random(16))),
    ];
    const phrases: string[][] = [];
    group('generate');
    for (const entropy of entropies) phrases.push((await valid(`entropy ${entropy}`, ['Basic'], { random: entropy }))['words'] as string[]);
    const words = phrases[4] as string[];
    const phrase = words.join(' ');
    group('parse');
    for (const one of phrases) await valid('what was made', ['Basic'], { text: one.join(' ') });
    await valid('in capitals', ['AsTyped'], { text: phrase.toUpperCase() });
    await valid('numbered, on lines of their own', ['AsTyped'], { text: words.map((word, at) => `${at + 1}. ${word}`).join('\n') });
    await valid('with commas and double spaces around', ['AsTyped'], { text: `  ${words.join(',  ')} ` });
    await valid('with no-break spaces', ['AsTyped'], { text: words.join('\u00a0') });
    await valid('in letters of full width', ['AsTyped'], {
      text: [...phrase].map((letter) => (letter === ' ' ? ' ' : String.fromCodePoint((letter.codePointAt(0) as number) + 0xfee0))).join(''),
    });
    const refuse = (comment: string, flag: string, said: string) => invalid(comment, [flag], { text: said }, 'bad-recovery-key');
    await refuse('two words change places', 'Checksum', [words[1], words[0], ...words.slice(2)].join(' '));
    await refuse('the last word is another', 'Checksum', [...words.slice(0, 11), words[11] === 'zoo' ? 'zone' : 'zoo'].join(' '));
    await refuse('twelve times the first word of the list', 'Checksum', Array(12).fill('abandon').join(' '));
    await refuse('twelve times the last word of the list', 'Checksum', Array(12).fill('zoo').join(' '));
    await refuse(
      'a word cut to its first four letters and one more',
      'NoWord',
      [`${(words[0] as string).slice(0, 3)}qx`, ...words.slice(1)].join(' '),
    );
    await refuse('a word of another language', 'NoWord', ['abaisser', ...words.slice(1)].join(' '));
    await refuse('a letter with an accent', 'NoWord', ['abandön', ...words.slice(1)].join(' '));
    await refuse('eleven words', 'Count', words.slice(0, 11).join(' '));
    await refuse('thirteen words', 'Count', [...words, words[0]].join(' '));
    await refuse('nothing', 'Count', '');
    await refuse('blanks', 'Count', ' \n\t ');
    await refuse('digits alone', 'Count', '1 2 3 4 5 6 7 8 9 10 11 12');
    await refuse('fifteen words that are a BIP-39 phrase', 'Count', `${Array(14).fill('abandon').join(' ')} address`);
    await refuse('twenty-four words that are a BIP-39 phrase', 'Count', `${Array(23).fill('abandon').join(' ')} art`);
    await refuse('words without space between', 'Count', words.join(''));
    await valid('1,000 characters', ['TooLong'], { text: phrase.padEnd(1_000, ' ') });
    await refuse('1,001 characters', 'TooLong', phrase.padEnd(1_001, ' '));
    group('derive');
    const accountId = toHex(random(32));
    for (const entropy of entropies.slice(0, 6)) await valid('keys', ['Basic'], { entropy, accountId });
    await valid('the same entropy for another account: another backup', ['Basic'], {
      entropy: entropies[5] as string,
      accountId: toHex(random(32)),
    });
    for (const bytes of [0, 15, 17, 32]) {
      await invalid(`entropy of ${bytes} bytes`, ['Entropy'], { entropy: toHex(random(bytes)), accountId }, 'bad-recovery-key');
    }
  },
};
