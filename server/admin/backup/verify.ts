import { createPrivateKey } from 'node:crypto';
import { existsSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { checkDatabase } from '../../store/check-database.ts';
import { DATABASE_FILE, KEY_FILE, UNFINISHED_FILE } from '../../store/data-folder.ts';
import { MANIFEST_FILE, type Manifest, readManifest, sha256OfFile } from './manifest.ts';
import { openSqliteFile } from '../../store/sqlite-file.ts';

export type Verdict = { kind: 'backup' | 'data'; wrong: string[] };

async function wrongFiles(folder: string, manifest: Manifest): Promise<string[]> {
  const wrong: string[] = [];
  for (const { name, bytes, sha256 } of manifest.files) {
    const size = statSync(join(folder, name), { throwIfNoEntry: false })?.size;
    if (size === undefined) wrong.push(`${name} is missing.`);
    else if (size !== bytes) wrong.push(`${name} has ${size} bytes, and had ${bytes} when it was made.`);
    else if ((await sha256OfFile(join(folder, name))) !== sha256) wrong.push(`${name} is not as it was made: its SHA-256 is another.`);
  }
  return wrong;
}

function wrongDatabase(path: string): string[] {
  try {
    const database = openSqliteFile(path, { readonly: true, fileMustExist: true });
    try {
      return checkDatabase(database);
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
export async function verifyFolder(folder: string): Promise<Verdict> {
  const contents = () => [...wrongDatabase(join(folder, DATABASE_FILE)), ...wrongKey(join(folder, KEY_FILE))];
  if (!existsSync(join(folder, MANIFEST_FILE))) {
    const unfinished = existsSync(join(folder, UNFINISHED_FILE)) ? ['A restore into it was interrupted; run it once more.'] : [];
    return { kind: 'data', wrong: [...unfinished, ...contents()] };
  }
  const manifest = readManifest(folder);
  if (!manifest) return { kind: 'backup', wrong: [`${MANIFEST_FILE} is not one of ours, or damaged.`] };
  const wrong = await wrongFiles(folder, manifest);
  return { kind: 'backup', wrong: wrong.length > 0 ? wrong : contents() };
}
