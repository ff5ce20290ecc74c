/**
 * `npm run file -- test/vectors/sweep.ts [part of a path…]`: does every constant of crypto/ matter? Each number in a constant's declaration is
 * made one larger and each text loses its last letter for another, one at a time, in a copy of the project; then the committed vectors run,
 * then, for what they do not notice, the tests of test/crypto, then those of test/vectors. Prints what each of them does not notice.
 * Takes about half an hour. docs/audit.md says what is known to stay green, and why.
 */
import { spawn } from 'node:child_process';
import { cp, mkdtemp, readdir, readFile, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { nodePrimitives } from '../../client/adapters/node-primitives.ts';
import { installPrimitives } from '../../crypto/index.ts';
import { check } from './check.ts';
import { FAMILIES } from './families/families.ts';
import type { VectorFile } from './family.ts';

const root = join(import.meta.dirname, '../..');
/** No constants of the protocol: names of refusals (what tests compare them with), and values that a primitive is tried with. */
const LEFT_OUT = ['errors.ts', 'primitives/installed.ts'];
const COPIED = [
  'client',
  'crypto',
  'scripts',
  'server',
  'test',
  'docs',
  'package.json',
  'tsconfig.base.json',
  'tsconfig.json',
  'vite.config.ts',
];
const WORKERS = 2;
// A change may make a loop endless.
const PATIENCE_MS = 240_000;

/** A constant is declared at the beginning of a line and ends with the next semicolon that ends one. */
const DECLARATION = /^(?:export )?const ([A-Z][A-Z0-9_]*)\b[^=]*= ([\s\S]*?);$/gm;
const LITERAL = /'((?:[^'\\\n]|\\.)+)'|(?<![\w.])(0x[\da-f_]+|\d[\d_]*)n?(?![\w.])/gi;

type Change = { path: string; name: string; at: number; from: string; to: string };

/** Another letter at the end; a number, one more. */
function changed(literal: string): string {
  if (literal.startsWith("'")) return `${literal.slice(0, -2)}${literal.at(-2) === 'x' ? 'y' : 'x'}'`;
  const isBig = literal.endsWith('n');
  const more = (BigInt(literal.replaceAll('_', '').replace(/n$/, '')) + 1n).toString();
  return isBig ? `${more}n` : more;
}

function changesOf(path: string, text: string): Change[] {
  return [...text.matchAll(DECLARATION)].flatMap((declaration) => {
    const [whole, name = '', value = ''] = declaration;
    const begins = declaration.index + whole.length - 1 - value.length;
    const bare = value.replace(/\/\/.*$/gm, (comment) => ' '.repeat(comment.length));
    return [...bare.matchAll(LITERAL)].map(([from, ,], n) => {
      const at = begins + ([...bare.matchAll(LITERAL)][n]?.index ?? 0);
      return { path, name, at, from, to: changed(from) };
    });
  });
}

const run = (folder: string, ...args: string[]): Promise<boolean> =>
  new Promise((resolve, reject) => {
    const child = spawn(process.execPath, args, { cwd: folder, stdio: 'ignore', timeout: PATIENCE_MS });
    child.on('error', reject).on('close', (code) => resolve(code === 0));
  });

const JUDGES: readonly (readonly [string, ...string[]])[] = [
  ['vectors', 'test/vectors/sweep.ts', '--judge'],
  ['test/crypto', 'node_modules/vitest/vitest.mjs', 'run', '--project', 'unit', '--bail', '1', 'test/crypto'],
  ['test/vectors', 'node_modules/vitest/vitest.mjs', 'run', '--project', 'unit', '--bail', '1', 'test/vectors'],
];

async function isSeen(folder: string, { path, at, from, to }: Change, args: readonly string[]): Promise<boolean> {
  const file = join(folder, path);
  const text = await readFile(file, 'utf8');
  await writeFile(file, text.slice(0, at) + to + text.slice(at + from.length));
  try {
    return !(await run(folder, ...args));
  } finally {
    await writeFile(file, text);
  }
}

/** The committed cases until one fails: what `npm run vectors -- --node` does, sooner. */
async function allHold(): Promise<boolean> {
  await installPrimitives(nodePrimitives);
  for (const family of FAMILIES) {
    const file: VectorFile = JSON.parse(await readFile(join(import.meta.dirname, 'ours', `${family.name}.json`), 'utf8'));
    for (const { type, tests } of file.testGroups) for (const test of tests) if ((await check(family, type, test)) !== null) return false;
  }
  return true;
}

async function sweep(asked: readonly string[]): Promise<boolean> {
  const paths = (await readdir(join(root, 'crypto'), { recursive: true }))
    .filter((path) => path.endsWith('.ts') && !path.endsWith('.d.ts') && !LEFT_OUT.includes(path))
    .sort();
  const changes: Change[] = [];
  for (const path of paths) changes.push(...changesOf(`crypto/${path}`, await readFile(join(root, 'crypto', path), 'utf8')));
  const wanted = changes.filter(({ path, name }) => asked.length === 0 || asked.some((part) => `${path} ${name}`.includes(part)));
  console.log(`${wanted.length} changes`);

  const folders = await Promise.all(Array.from({ length: WORKERS }, () => mkdtemp(join(tmpdir(), 'sottovoce-sweep-'))));
  let left = wanted;
  try {
    for (const folder of folders) {
      for (const name of COPIED) await cp(join(root, name), join(folder, name), { recursive: true });
      await symlink(join(root, 'node_modules'), join(folder, 'node_modules'));
    }
    for (const [by, ...args] of JUDGES) {
      const queue = [...left];
      const unseen = new Set<Change>();
      await Promise.all(
        folders.map(async (folder) => {
          for (let change = queue.shift(); change; change = queue.shift()) {
            if (await isSeen(folder, change, args)) continue;
            unseen.add(change);
            console.log(`not by ${by}: ${change.path} ${change.name}, ${change.from} → ${change.to}`);
          }
        }),
      );
      console.log(`${by}: ${left.length - unseen.size} of ${left.length} turn red`);
      left = left.filter((change) => unseen.has(change));
    }
  } finally {
    for (const folder of folders) await rm(folder, { recursive: true });
  }
  return left.length === 0;
}

const asked = process.argv.slice(2);
process.exitCode = (await (asked[0] === '--judge' ? allHold() : sweep(asked))) ? 0 : 1;
