// What must not be left lying about: unfinished work, somebody's machine, secrets, hosts that pin a mirror.
import { files, lineAt, read } from './sources.ts';

const TEXT = /\.(ts|tsx|mjs|json|md|html|css|ya?ml|sh|svg)$|^\.[^/]+$|^\.ci\/|LICENSE/;
const SELF = 'scripts/verify/words.ts';

const WORDS: readonly { readonly pattern: RegExp; readonly why: string }[] = [
  { pattern: /\b(TODO|FIXME|XXX|HACK)\b/g, why: 'unfinished: do it, or write it down as an issue' },
  { pattern: /(?<![\w.~-])\/(?:home|Users|root|work)\/[a-z]/g, why: 'a path of one machine' },
  { pattern: /-----BEGIN [A-Z ]*PRIVATE KEY/g, why: 'a private key' },
  { pattern: /"resolved": "https?:/g, why: 'a host in the lock; any mirror must do' },
  { pattern: /\bregistry\.[a-z]+\.[a-z]+/g, why: 'a host of one package registry' },
  { pattern: /^(<{7}|>{7}) /gm, why: 'a merge left half done' },
];

export function words(): string[] {
  return files
    .filter((path) => TEXT.test(path) && path !== SELF)
    .flatMap((path) => {
      const text = read(path);
      return WORDS.flatMap(({ pattern, why }) =>
        [...text.matchAll(pattern)].map((match) => `${path}:${lineAt(text, match.index)} ${match[0]}: ${why}`),
      );
    });
}
