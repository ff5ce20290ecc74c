import { createPrivateKey } from 'node:crypto';
import { existsSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import type SqliteDatabase from 'better-sqlite3';
import { checkDatabase } from '../../store/check-database.ts';
import { DATABASE_FILE, KEY_FILE, UNFINISHED_FILE } from '../../store/data-folder.ts';
import { setImmediate } from 'node:timers/promises';
import { counted, type LongWork } from './long-work.ts';
import { MANIFEST_FILE, type Manifest, readManifest, sha256OfFile } from './manifest.ts';
import { countsOf } from './snapshot.ts';
import { openSqliteFile } from '../../store/sqlite-file.ts';

export type Verdict = { kind: 'backup' | 'data'; wrong: string[] };

async function wrongFiles(folder: string, manifest: Manifest, seen: (bytes: number) => void): Promise<string[]> {
  const wrong: string[] = [];
  for (const { name, bytes, sha256 } of manifest.files) {
    const size = statSync(join(folder, name), { throwIfNoEntry: false })?.size;
    if (size === undefined) wrong.push(`${name} is missing.`);
    else if (size !== bytes) wrong.push(`${name} has ${size} bytes, and had ${bytes} when it was made.`);
    else if ((await sha256OfFile(join(folder, name), seen)) !== sha256)
      wrong.push(`${name} is not as it was made: its SHA-256 is another.`);
  }
  return wrong;
}

function wrongCounts(database: SqliteDatabase.Database, told: Manifest['counts']): string[] {
  const names = { accounts: 'accounts', devices: 'devices', envelopes: 'waiting envelopes', groupLogs: 'group logs' };
  const counts = countsOf(database);
  return (Object.keys(names) as (keyof typeof names)[])
    .filter((name) => counts[name] !== told[name])
    .map((name) => `${MANIFEST_FILE} tells of ${told[name]} ${names[name]}, and ${DATABASE_FILE} has ${counts[name]}.`);
}

function wrongDatabase(path: string, told: Manifest['counts'] | undefined): string[] {
  try {
    const database = openSqliteFile(path, { readonly: true, fileMustExist: true });
    try {
      const wrong = checkDatabase(database);
      return wrong.length > 0 || told === undefined ? wrong : wrongCounts(database, told);
    } finally {
      database.close();
    }
  } catch (error) {
    return [`${DATABASE_FILE} cannot be read: ${error instanceof Error ? error.message : String(error)}.`];
  }
}

function wrongKey(path: string): string[] {
  try {
    const { asymmetricKeyType } = createPrivateKey(readFileSync(path));
    return asymmetricKeyType === 'ed25519' ? [] : [`${KEY_FILE} is a key of another kind.`];
  } catch {
    return [`${KEY_FILE} is missing or no key.`];
  }
}

/** A backup by its manifest and contents, a data folder by its contents; the relay may run on it meanwhile. */
export async function verifyFolder(folder: string, work: LongWork): Promise<Verdict> {
  const manifest = readManifest(folder);
  const database = join(folder, DATABASE_FILE);
  const checkBytes = statSync(database, { throwIfNoEntry: false })?.size ?? 0;
  const readBytes = manifest?.files.reduce((sum, file) => sum + file.bytes, 0) ?? 0;
  // The database is read a second time to be checked, in one go.
  const seen = counted(readBytes + checkBytes, work);
  async function contents(): Promise<string[]> {
    seen(0);
    const wrong = [...wrongDatabase(database, manifest?.counts), ...wrongKey(join(folder, KEY_FILE))];
    // What was signalled during the check is heard now.
    await setImmediate();
    seen(checkBytes);
    return wrong;
  }
  if (!existsSync(join(folder, MANIFEST_FILE))) {
    const unfinished = existsSync(join(folder, UNFINISHED_FILE)) ? ['A restore into it was interrupted; run it once more.'] : [];
    return { kind: 'data', wrong: [...unfinished, ...(await contents())] };
  }
  if (!manifest) return { kind: 'backup', wrong: [`${MANIFEST_FILE} is not one of ours, or damaged.`] };
  const wrong = await wrongFiles(folder, manifest, seen);
  return { kind: 'backup', wrong: wrong.length > 0 ? wrong : await contents() };
}
