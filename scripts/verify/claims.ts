// The table of claims in docs/audit.md: what it names is there, and its numbers are what they are.
import { existsSync } from 'node:fs';
import { Visitor } from 'vite';
import { inProject } from '../setup/project.mjs';
import { files, read, type Source, sources } from './sources.ts';

const AUDIT = 'docs/audit.md';
const VECTORS = 'test/vectors/README.md';
const STARTERS = ['test', 'it', 'describe'];

type Node = { type?: string; name?: unknown; object?: unknown; callee?: unknown; tag?: unknown };

/** `test` of `test(…)`, `test.skip(…)`, `test.each(…)(…)`, or nothing. */
function starterOf(callee: unknown): string {
  const node = callee as Node;
  if (node?.type === 'Identifier') return String(node.name);
  const inner = node?.object ?? node?.callee ?? node?.tag;
  return inner === undefined ? '' : starterOf(inner);
}

function titlesOf({ program }: Pick<Source, 'program'>): string[] {
  const titles: string[] = [];
  new Visitor({
    CallExpression: ({ callee, arguments: [first] }) => {
      if (!STARTERS.includes(starterOf(callee)) || !first) return;
      if (first.type === 'Literal' && typeof first.value === 'string') titles.push(first.value);
      if (first.type === 'TemplateLiteral') titles.push(first.quasis[0]?.value.cooked ?? '');
    },
  }).visit(program);
  return titles;
}

/** What a test may be called by: its whole title, with or without the rules before it, or the part before the first ": ", " (" or ", ". */
export function namesOf(title: string): string[] {
  const bare = title.replace(/^(?:[A-Z]\d+:? )+/, '');
  return [title, bare, bare.split(/: | \(|, /)[0] ?? ''];
}

/** Rows of the table of claims: rules, one file, families of vectors, names of tests, all in backticks or plain. */
function rowsOutOfStep(): string[] {
  const tests = sources.filter(({ path }) => /^test\/.*\.test\.tsx?$/.test(path));
  const names = new Set(tests.flatMap((source) => titlesOf(source).flatMap(namesOf)));
  const coded = (cell = ''): string[] => [...cell.matchAll(/`([^`]+)`/g)].map(([, name]) => name ?? '');
  const rows = [...read(AUDIT).matchAll(/^\| ([^|]+) \| ([A-Z][\dA-Z ]*) \| ([^|]+) \| ([^|]+) \| ([^|]+) \|$/gm)];
  if (rows.length === 0) return [`${AUDIT} has no table of claims`];
  return rows.flatMap(([, claim, , file, families, quoted]) => [
    ...coded(file)
      .filter((path) => !existsSync(inProject(path)))
      .map((path) => `${AUDIT}: "${claim}" names ${path}, which is not there`),
    ...coded(families)
      .filter((family) => !existsSync(inProject(`test/vectors/ours/${family}.json`)))
      .map((family) => `${AUDIT}: "${claim}" names the vectors ${family}, which are not there`),
    ...(coded(quoted).length === 0 ? [`${AUDIT}: "${claim}" has no test`] : []),
    ...coded(quoted)
      .filter((name) => !names.has(name))
      .map((name) => `${AUDIT}: "${claim}" names the test ${name}, which is not there`),
  ]);
}

const linesOf = (folder: string, ending: string): number =>
  files
    .filter((path) => path.startsWith(folder) && path.endsWith(ending))
    .reduce((sum, path) => sum + read(path).split('\n').length - 1, 0);

const cases = (): number =>
  files
    .filter((path) => /^test\/vectors\/ours\/.*\.json$/.test(path))
    .reduce((sum, path) => sum + Number((JSON.parse(read(path)) as { numberOfTests: number }).numberOfTests), 0);

/** "About" may be a twentieth off. */
function numbersOutOfStep(): string[] {
  const checks: [string, RegExp, number, number][] = [
    [AUDIT, /([\d,]+) cases in Node and in Chromium/, cases(), 0],
    ['CHANGELOG.md', /vectors of all that is sealed and signed, ([\d,]+) cases/, cases(), 0],
    [AUDIT, /About ([\d,]+) lines/, linesOf('crypto/', '.ts'), 0.05],
    [VECTORS, /about ([\d,]+) lines/, linesOf('test/vectors/verify/', '.py'), 0.05],
  ];
  return checks.flatMap(([path, pattern, actual, tolerance]) => {
    const said = Number(pattern.exec(read(path))?.[1]?.replaceAll(',', ''));
    return Math.abs(said - actual) <= actual * tolerance
      ? []
      : [`${path} says ${said || 'nothing'} where ${pattern} stands; it is ${actual}`];
  });
}

export const claimsOutOfStep = (): string[] => (existsSync(inProject(AUDIT)) ? [...rowsOutOfStep(), ...numbersOutOfStep()] : []);
