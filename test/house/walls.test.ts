// The walls of docs/architecture.md are the compiler's: in a copy of the rooms, an import across each of them is planted and must be refused.
import { spawnSync } from 'node:child_process';
import { cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';

const project = dirname(dirname(import.meta.dirname));
const copy = mkdtempSync(join(tmpdir(), 'sottovoce-walls-'));
const COMPILE_TIMEOUT_MS = 60_000;

const readJsonc = (path: string): { references: { path: string }[] } =>
  JSON.parse(readFileSync(path, 'utf8').replace(/^\s*\/\/.*$/gm, '')) as { references: { path: string }[] };
const rooms = readJsonc(join(project, 'tsconfig.json')).references.map(({ path }) => path);

/** Each room stands in the copy with one file of its own and the real tsconfig.json. */
const OWN_FILE = 'index.ts';
const relative = (from: string, to: string): string => `${'../'.repeat(from.split('/').length)}${to}/${OWN_FILE}`;

const importOf = (from: string, to: string): string =>
  `import { here } from '${relative(from, to)}';\nexport const there: string = here;\n`;

const ALLOWED: readonly (readonly [string, string])[] = [
  ['server', 'server/protocol'],
  ['client', 'crypto'],
  ['client', 'server/protocol'],
  ['client/messenger', 'crypto'],
  ['client/messenger', 'server/protocol'],
  ['client/messenger', 'client/ports'],
  ['client/messenger', 'client/content'],
  ['client/adapters', 'client/ports'],
  ['test', 'server'],
  ['test', 'client/messenger'],
  ['bench', 'crypto'],
];

const WALLS: readonly (readonly [string, string])[] = [
  ['crypto', 'server'],
  ['crypto', 'server/protocol'],
  ['crypto', 'client'],
  ['crypto', 'client/messenger'],
  ['server/protocol', 'server'],
  ['server/protocol', 'crypto'],
  ['server/protocol', 'client'],
  ['server', 'crypto'],
  ['server', 'client'],
  ['server', 'client/messenger'],
  ['client/content', 'client/messenger'],
  ['client/ports', 'client/adapters'],
  ['client/messenger', 'client'],
  ['client/messenger', 'client/adapters'],
  ['client/messenger', 'server'],
  ['client/adapters', 'client/messenger'],
  ['client', 'server'],
];

/** Names of the outside world, and the code with which the compiler says that it does not know them. */
const GLOBALS: readonly (readonly [string, string])[] = [
  ['crypto', 'export const name = document.title;'],
  ['crypto', 'export const bytes = crypto.getRandomValues(new Uint8Array(1));'],
  ['crypto', 'export const name = process.pid;'],
  ['crypto', "import { readFileSync } from 'node:fs';\nexport const file = readFileSync('x');"],
  ['crypto', 'export const later = setTimeout(() => {}, 1);'],
  ['crypto', "export const answer = fetch('/');"],
  ['server/protocol', 'export const name = process.pid;'],
  ['server/protocol', 'export const name = document.title;'],
  ['client/messenger', 'export const name = document.title;'],
  ['client/messenger', "export const opening = indexedDB.open('x');"],
  ['client/messenger', "export const socket = new WebSocket('x');"],
  ['client/messenger', 'export const name = process.pid;'],
  ['client/messenger', 'export const bytes = crypto.getRandomValues(new Uint8Array(1));'],
  ['server', 'export const name = document.title;'],
];

const plantName = (kind: string, index: number): string => `plant-${kind}-${index}.ts`;
let complaints: string[];

/** What the compiler says about one file of the copy. */
const about = (room: string, file: string): string[] => complaints.filter((line) => line.startsWith(`${room}/${file}(`));

const compile = (): string[] => {
  const tsc = join(project, 'node_modules/typescript/bin/tsc');
  const { stdout, error } = spawnSync(process.execPath, [tsc, '-b', '--pretty', 'false'], { cwd: copy, encoding: 'utf8' });
  if (error) throw error;
  return stdout.split('\n').filter((line) => line !== '');
};

beforeAll(() => {
  for (const file of ['package.json', 'tsconfig.base.json', 'tsconfig.json', ...rooms.map((room) => `${room}/tsconfig.json`)]) {
    mkdirSync(dirname(join(copy, file)), { recursive: true });
    cpSync(join(project, file), join(copy, file));
  }
  for (const file of ['crypto/webcrypto.d.ts', 'server/protocol/platform.d.ts']) cpSync(join(project, file), join(copy, file));
  for (const room of rooms) writeFileSync(join(copy, room, OWN_FILE), `export const here: string = '${room}';\n`);
  writeFileSync(join(copy, 'vite.config.ts'), 'export {};\n');
  symlinkSync(join(project, 'node_modules'), join(copy, 'node_modules'));
  const plant = (kind: string, cases: readonly (readonly [string, string])[], text: (room: string, what: string) => string): void => {
    for (const [index, [room, what]] of cases.entries()) writeFileSync(join(copy, room, plantName(kind, index)), text(room, what));
  };
  plant('door', ALLOWED, importOf);
  complaints = compile();
  expect(complaints, 'the rooms compile with the imports they may have').toEqual([]);
  plant('wall', WALLS, importOf);
  plant('name', GLOBALS, (_room, text) => text);
  complaints = compile();
}, COMPILE_TIMEOUT_MS);

afterAll(() => rmSync(copy, { recursive: true, force: true }));

describe('the compiler refuses to let', () => {
  test.each(WALLS.map(([from, to], index) => [from, to, index] as const))('%s import %s', (from, _to, index) => {
    expect(about(from, plantName('wall', index)).join('\n')).toMatch(/error TS6307/);
  });

  test.each(GLOBALS.map(([room, text], index) => [room, text.split('\n')[0], index] as const))('%s say: %s', (room, _text, index) => {
    expect(about(room, plantName('name', index)).join('\n')).toMatch(/error TS(2304|2307|2552|2580|2584|2591)/);
  });
});

test('every folder of sources belongs to a room the compiler checks', () => {
  expect(rooms).toEqual(
    expect.arrayContaining(['crypto', 'server', 'server/protocol', 'client', 'client/messenger', 'test', 'bench', 'scripts']),
  );
});
