// Documents in step: the rules that tests quote exist, and links lead somewhere.
import { existsSync } from 'node:fs';
import { posix } from 'node:path';
import { inProject } from '../setup/project.mjs';
import { claimsOutOfStep } from './claims.ts';
import { files, lineAt, read, sources } from './sources.ts';

const RULES = 'docs/protocol.md';
/** A rule opens its paragraph in bold: a letter for the part of the protocol, and a number. Tests name the rules that they prove. */
const RULE_DEFINED = /^\*\*([A-Z]\d+)\.\*\*/gm;
const ruleQuoted = (letters: string): RegExp => new RegExp(`\\b[${letters}]\\d+\\b`, 'g');

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

function rulesOutOfStep(): string[] {
  const rules = existsSync(inProject(RULES)) ? [...read(RULES).matchAll(RULE_DEFINED)].map(([, rule]) => rule ?? '') : [];
  if (rules.length === 0) return [`${RULES} defines no rule`];
  const letters = [...new Set(rules.map((rule) => rule[0]))].join('');
  const quotes = sources
    .filter(({ path }) => path.startsWith('test/') && !path.startsWith('test/house/'))
    .flatMap(({ path, text }) =>
      [...text.matchAll(ruleQuoted(letters))].map((match) => ({ rule: match[0], where: `${path}:${lineAt(text, match.index)}` })),
    );
  const quoted = new Set(quotes.map(({ rule }) => rule));
  return [
    ...rules.filter((rule, index) => rules.indexOf(rule) !== index).map((rule) => `${RULES} defines ${rule} twice`),
    ...quotes
      .filter(({ rule }) => !rules.includes(rule))
      .map(({ rule, where }) => `${where} quotes ${rule}, which ${RULES} does not define`),
    ...rules.filter((rule) => !quoted.has(rule)).map((rule) => `${RULES}: no test names ${rule}`),
  ];
}

export const documents = (): string[] => [
  ...files.filter((path) => path.endsWith('.md')).flatMap(brokenLinks),
  ...rulesOutOfStep(),
  ...claimsOutOfStep(),
];
