/** The committed files, and whether they are what was published: SHA-256 manifest, JSON schema, numbering, flags. */
import { createHash } from 'node:crypto';
import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { Ajv2020 } from 'ajv/dist/2020.js';
import { FAMILIES } from '../families/families.ts';
import type { VectorFile } from '../family.ts';
import type { SuiteFile } from './suite.ts';

/** A file and why it must not count, or null. */
export type PublishedFile = SuiteFile & { digest: string; cases: number; wrong: string | null };

export const sha256 = (bytes: Uint8Array): string => createHash('sha256').update(bytes).digest('hex');

/** Lines of `sha256sum`: 64 hex digits, two spaces, the name. */
async function readManifest(folder: string): Promise<Map<string, string>> {
  const lines = (await readFile(join(folder, 'ours', 'SHA256SUMS'), 'utf8')).split('\n').filter((line) => line !== '');
  return new Map(
    lines.map((line) => {
      const [, digest, name] = /^([0-9a-f]{64}) {2}([a-z0-9-]+\.json)$/.exec(line) ?? [];
      if (digest === undefined || name === undefined) throw new Error(`ours/SHA256SUMS has a line that is none: ${line}`);
      return [name, digest];
    }),
  );
}

/** What of the file breaks the schema, or null. JSON Schema 2020-12; a schema with an unknown keyword is refused. */
function breaksSchema(schema: object, file: unknown): string | null {
  const ajv = new Ajv2020({ strictSchema: true, strictTypes: false, strictTuples: false, strictRequired: false });
  const validate = ajv.compile(schema);
  return validate(file) ? null : ajv.errorsText(validate.errors, { dataVar: '' });
}

/** What no schema can say. */
function misnumbered({ numberOfTests, testGroups, notes }: VectorFile): string | null {
  const tests = testGroups.flatMap((group) => group.tests);
  if (tests.length !== numberOfTests) return `says ${numberOfTests} cases and has ${tests.length}`;
  if (tests.some(({ tcId }, at) => tcId !== at + 1)) return 'its cases are not numbered from 1 on';
  const unexplained = tests.flatMap(({ flags }) => flags).find((flag) => !Object.hasOwn(notes, flag));
  return unexplained === undefined ? null : `its notes do not explain ${unexplained}`;
}

async function inspect(folder: string, name: string, listed: string | undefined): Promise<PublishedFile> {
  const bytes = await readFile(join(folder, 'ours', name)).catch(() => null);
  const digest = bytes ? sha256(bytes) : '';
  const text = bytes?.toString('utf8') ?? '';
  const refused = (wrong: string, cases = 1): PublishedFile => ({ name, source: 'ours', text, digest, cases, wrong });
  if (!bytes) return refused('the file is missing');
  let file: VectorFile;
  let schema: object;
  try {
    file = JSON.parse(text);
    schema = JSON.parse(await readFile(join(folder, 'schemas', name.replace('.json', '.schema.json')), 'utf8'));
  } catch (error) {
    return refused(error instanceof Error ? error.message : String(error));
  }
  const cases = Number.isInteger(file.numberOfTests) && file.numberOfTests > 0 ? file.numberOfTests : 1;
  if (listed === undefined) return refused('ours/SHA256SUMS does not list it', cases);
  if (listed !== digest) return refused(`SHA-256 is ${digest}, and ours/SHA256SUMS says ${listed}`, cases);
  const wrong = breaksSchema(schema, file) ?? misnumbered(file);
  return { name, source: 'ours', text, digest, cases, wrong };
}

/** All of a folder laid out as this one's parent, or those named. In the order of the families; strays come last. */
export async function readPublished(folder: string, families: readonly string[]): Promise<PublishedFile[]> {
  const manifest = await readManifest(folder);
  const standing = (await readdir(join(folder, 'ours'))).filter((name) => name.endsWith('.json')).sort();
  const names = new Set([...FAMILIES.map(({ name }) => `${name}.json`), ...manifest.keys(), ...standing]);
  const asked = [...names].filter((name) => families.length === 0 || families.includes(name.replace('.json', '')));
  const known = new Set(FAMILIES.map(({ name }) => `${name}.json`));
  return Promise.all(
    asked.map(async (name) => {
      const file = await inspect(folder, name, manifest.get(name));
      return known.has(name) ? file : { ...file, wrong: file.wrong ?? 'nothing here runs it' };
    }),
  );
}
