// Documents in step: the rules that tests quote exist, and links lead somewhere.
import { existsSync } from 'node:fs';
import { posix } from 'node:path';
import { inProject } from '../setup/project.mjs';
import { files, lineAt, read, sources } from './sources.ts';

const RULES = 'docs/protocol.md';
/** A rule is quoted by its number, R and digits, wherever a test names what it proves. */
const RULE = /\bR\d+(?:\.\d+)*\b/g;

const slug = (heading: string): string =>
  heading
    .trim()
    .toLowerCase()
    .replace(/[^\p{L}\p{N}\s_-]/gu, '')
    .replace(/\s/g, '-');

function brokenLinks(path: string): string[] {
  const text = read(path);
  // What stands in code is not a link.
  const prose = text
    .replace(/^```[\s\S]*?^```/gm, (block) => block.replace(/[^\n]/g, ' '))
    .replace(/`[^`\n]*`/g, (code) => ' '.repeat(code.length));
  return [...prose.matchAll(/\]\(([^)\s]+)(?:\s+"[^"]*")?\)/g)].flatMap((match) => {
    const link = match[1] ?? '';
    if (/^[a-z]+:/.test(link)) return [];
    const [file = '', anchor] = link.split('#');
    const target = file === '' ? path : posix.join(posix.dirname(path), decodeURIComponent(file));
    const where = `${path}:${lineAt(text, match.index)}`;
    if (!existsSync(inProject(target))) return [`${where} leads nowhere: ${link}`];
    if (!anchor || !target.endsWith('.md')) return [];
    const headings = [...read(target).matchAll(/^#+ (.+)$/gm)].map(([, heading]) => slug(heading ?? ''));
    return headings.includes(anchor) ? [] : [`${where} has no such heading: ${link}`];
  });
}

function unknownRules(): string[] {
  const known = new Set(existsSync(inProject(RULES)) ? read(RULES).match(RULE) : []);
  return sources
    .filter(({ path }) => path.startsWith('test/'))
    .flatMap(({ path, text }) =>
      [...text.matchAll(RULE)]
        .filter(([rule]) => !known.has(rule))
        .map((match) => `${path}:${lineAt(text, match.index)} quotes ${match[0]}, which ${RULES} does not know`),
    );
}

export const documents = (): string[] => [...files.filter((path) => path.endsWith('.md')).flatMap(brokenLinks), ...unknownRules()];
