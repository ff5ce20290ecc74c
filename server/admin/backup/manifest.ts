import { createHash } from 'node:crypto';
import { readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { pipeline } from 'node:stream/promises';
import * as v from 'valibot';
import { DATABASE_FILE, KEY_FILE } from '../../store/data-folder.ts';
import { partsOf } from './long-work.ts';

export const MANIFEST_FILE = 'manifest.json';
export const BACKED_UP = [DATABASE_FILE, KEY_FILE] as const;

const MAX_MANIFEST_BYTES = 65_536;

const count = v.pipe(v.number(), v.integer(), v.minValue(0));
const manifestSchema = v.strictObject({
  format: v.literal('sottovoce backup 1'),
  madeAt: v.pipe(v.string(), v.isoTimestamp()),
  version: v.pipe(v.string(), v.maxLength(32)),
  schema: count,
  counts: v.strictObject({ accounts: count, devices: count, envelopes: count, groupLogs: count }),
  files: v.pipe(
    v.array(v.strictObject({ name: v.picklist(BACKED_UP), bytes: count, sha256: v.pipe(v.string(), v.regex(/^[0-9a-f]{64}$/)) })),
    v.length(BACKED_UP.length),
  ),
});
export type Manifest = v.InferOutput<typeof manifestSchema>;

const NAME = /^sottovoce-\d{4}-\d\d-\d\dT\d{6}Z$/;

export function backupName(madeAt: number): string {
  return `sottovoce-${dateName(madeAt)}`;
}

export function dateName(at: number): string {
  return `${new Date(at).toISOString().slice(0, 19).replaceAll(':', '')}Z`;
}

export const isBackupName = (name: string): boolean => NAME.test(name);

export async function sha256OfFile(path: string, seen: (bytes: number) => void): Promise<string> {
  const hash = createHash('sha256');
  await pipeline(partsOf(path, seen), hash);
  return hash.digest('hex');
}

/** Undefined for what is no whole backup of ours. */
export function readManifest(folder: string): Manifest | undefined {
  try {
    const path = join(folder, MANIFEST_FILE);
    if (statSync(path).size > MAX_MANIFEST_BYTES) return undefined;
    return v.parse(manifestSchema, JSON.parse(readFileSync(path, 'utf8')));
  } catch {
    return undefined;
  }
}
