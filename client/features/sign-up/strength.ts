import { door } from '../../ui/copy/door.ts';

const MIN_PASSPHRASE_CHARACTERS = 10;

const WEAK_BITS = 40;
const STRONG_BITS = 60;
// A word somebody thinks of by himself is one of some thousand; a character typed at will carries less the more it repeats.
const WORD_BITS = 12;
const CHARACTER_BITS = 2.5;

export type Strength = { level: 'none' | 'short' | 'weak' | 'fair' | 'strong'; said: string };

/** A rough and rather strict guess, in words; the cost of guessing is Argon2id's to raise. */
export function strengthOf(passphrase: string): Strength {
  const length = [...passphrase].length;
  if (length === 0) return { level: 'none', said: door.strength.none };
  if (length < MIN_PASSPHRASE_CHARACTERS) return { level: 'short', said: door.strength.short(MIN_PASSPHRASE_CHARACTERS - length) };
  const distinctWords = new Set(
    passphrase
      .toLowerCase()
      .split(/[^\p{L}\p{N}]+/u)
      .filter((word) => word.length > 2),
  ).size;
  const kinds = [/\p{Ll}/u, /\p{Lu}/u, /\p{N}/u, /[^\p{L}\p{N}\s]/u].filter((kind) => kind.test(passphrase)).length;
  const distinct = new Set(passphrase).size;
  const bits = Math.max(
    distinctWords > 2 ? distinctWords * WORD_BITS : 0,
    Math.min(length, distinct * 1.5) * (CHARACTER_BITS + kinds * 0.5),
  );
  const level = bits < WEAK_BITS ? 'weak' : bits < STRONG_BITS ? 'fair' : 'strong';
  return { level, said: door.strength[level] };
}
