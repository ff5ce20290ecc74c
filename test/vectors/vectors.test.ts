import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { cp, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { beforeAll, describe, expect, test } from 'vitest';
import { nodePrimitives } from '../../client/adapters/node-primitives.ts';
import { CRYPTO_ERROR_CODES, installPrimitives } from '../../crypto/index.ts';
import { seededRandom } from '../support/seeded-random.ts';
import { FAMILIES } from './families/families.ts';
import type { VectorFile } from './family.ts';
import { fileText, makeFile, schemaText, seedOf } from './make.ts';

const here = import.meta.dirname;

beforeAll(() => installPrimitives(nodePrimitives));

/** The command as people give it, in Node alone. What it would not notice is swept for by hand: test/vectors/sweep.ts. */
function runner(...options: string[]): { status: number | null; out: string } {
  const { status, stdout } = spawnSync(process.execPath, [join(here, 'main.ts'), '--node', ...options], { encoding: 'utf8' });
  return { status, out: stdout };
}

const lastLine = (out: string): string => out.trimEnd().split('\n').at(-1) ?? '';

describe.each(FAMILIES.map((family) => ({ name: family.name, family })))('vectors: $name', ({ name, family }) => {
  test('its file and schema are what its seed makes, byte for byte', async () => {
    const file = await makeFile(family, seededRandom(seedOf(family)));
    expect(await readFile(join(here, 'ours', `${name}.json`), 'utf8')).toBe(fileText(file));
    expect(await readFile(join(here, 'schemas', `${name}.schema.json`), 'utf8')).toBe(schemaText(family));
  }, 60_000);

  test('every flag it explains is used, every case is there once, every failure has a class of ours', async () => {
    const file: VectorFile = JSON.parse(await readFile(join(here, 'ours', `${name}.json`), 'utf8'));
    const tests = file.testGroups.flatMap(({ type, tests: cases }) => cases.map((one) => ({ type, ...one })));
    expect(new Set(tests.flatMap(({ flags }) => flags))).toEqual(new Set(Object.keys(file.notes)));
    const inputs = tests.map(({ type, input }) => JSON.stringify([type, input]));
    expect(inputs.filter((input, at) => inputs.indexOf(input) !== at)).toEqual([]);
    for (const { error, result } of tests) expect(result === 'valid' || CRYPTO_ERROR_CODES.some((code) => code === error)).toBe(true);
  });

  test('its format page says what its groups are about', async () => {
    const page = await readFile(join(here, 'formats', `${name}.md`), 'utf8');
    for (const heading of ['## Parameters', '## Format', '## Verification']) expect(page).toContain(heading);
    for (const type of Object.keys(family.shapes)) expect(page).toContain(`\`${type}\``);
  });
});

test('vectors: at least six hundred cases, half of them to be refused', async () => {
  const files = (await readdir(join(here, 'ours'))).filter((name) => name.endsWith('.json'));
  const all: VectorFile[] = await Promise.all(files.map(async (name) => JSON.parse(await readFile(join(here, 'ours', name), 'utf8'))));
  const tests = all.flatMap(({ testGroups }) => testGroups.flatMap((group) => group.tests));
  expect(tests.length).toBeGreaterThanOrEqual(600);
  expect(tests.filter(({ result }) => result === 'invalid').length).toBeGreaterThanOrEqual(tests.length / 2);
});

describe('vectors: the runner', () => {
  async function copied(change: (folder: string) => Promise<void>): Promise<{ status: number | null; out: string }> {
    const folder = await mkdtemp(join(tmpdir(), 'sottovoce-vectors-'));
    try {
      for (const part of ['ours', 'schemas']) await cp(join(here, part), join(folder, part), { recursive: true });
      await change(folder);
      return runner('--dir', folder, 'genesis', 'padding');
    } finally {
      await rm(folder, { recursive: true });
    }
  }

  async function replaceIn(path: string, from: RegExp, to: string): Promise<void> {
    const before = await readFile(path, 'utf8');
    const after = before.replace(from, to);
    expect(after).not.toBe(before);
    await writeFile(path, after);
  }

  test('ends with its summary', async () => {
    const { status, out } = await copied(async () => undefined);
    expect(lastLine(out)).toMatch(/^vectors: (\d+) cases, \1 passed, 0 failed$/);
    expect(status).toBe(0);
  });

  test('a changed digit in a vector turns it red', async () => {
    const { status, out } = await copied((folder) =>
      replaceIn(join(folder, 'ours/genesis.json'), /"accountId": "[0-9a-f]/, '"accountId": "g'),
    );
    expect(lastLine(out)).not.toContain(' 0 failed');
    expect(status).toBe(1);
  });

  /** The digit at a place of genesis.json is another, and the manifest says so. */
  const withDigit = (placeIn: (text: string) => number) =>
    copied(async (folder) => {
      const path = join(folder, 'ours/genesis.json');
      const digestOf = (text: string): string => createHash('sha256').update(text).digest('hex');
      const before = await readFile(path, 'utf8');
      const at = placeIn(before);
      const after = `${before.slice(0, at)}${before[at] === '0' ? '1' : '0'}${before.slice(at + 1)}`;
      await writeFile(path, after);
      await replaceIn(join(folder, 'ours/SHA256SUMS'), new RegExp(digestOf(before)), digestOf(after));
    });

  test('a changed digit turns it red even where the manifest was changed with it', async () => {
    const { status, out } = await withDigit((text) => text.indexOf('"accountId": "') + 14);
    expect(out).toContain('accountId');
    expect(lastLine(out)).toMatch(/ 1 failed$/);
    expect(status).toBe(1);
  });

  test('so does one in what is refused anyway: a case differs from a valid one as it says', async () => {
    const { status, out } = await withDigit((text) => text.lastIndexOf('"record": "') + 30);
    expect(out).toContain('otherwise than it says');
    expect(lastLine(out)).toMatch(/ 1 failed$/);
    expect(status).toBe(1);
  });

  test('a changed manifest, and a file that it does not list, turn it red', async () => {
    const changed = await copied((folder) =>
      replaceIn(join(folder, 'ours/SHA256SUMS'), /[0-9a-f]{64}( {2}padding)/, `${'0'.repeat(64)}$1`),
    );
    expect(changed.status).toBe(1);
    const unlisted = await copied((folder) => replaceIn(join(folder, 'ours/SHA256SUMS'), /[0-9a-f]{64} {2}padding.json\n/, ''));
    expect(unlisted.status).toBe(1);
  });
});
