import { chownSync, readdirSync, statSync } from 'node:fs';
import { join } from 'node:path';

/** What root makes in a folder of the relay's user must be that user's, or the relay cannot open it. */
export function giveToOwner(dataDir: string, path: string): void {
  if (process.getuid?.() !== 0) return;
  const { uid, gid } = statSync(dataDir);
  chownSync(path, uid, gid);
}

/** The first file that is not the folder's owner's, as a sentence with what to do: the relay cannot use it. */
export function foreignFile(dataDir: string): { said: string; todo: string } | undefined {
  if (process.platform === 'win32') return undefined;
  const { uid, gid } = statSync(dataDir);
  const name = readdirSync(dataDir, { recursive: true, encoding: 'utf8' })
    .sort()
    .find((one) => (statSync(join(dataDir, one), { throwIfNoEntry: false })?.uid ?? uid) !== uid);
  if (name === undefined) return undefined;
  return { said: `${join(dataDir, name)} does not belong to the owner of its folder.`, todo: `As root: chown -R ${uid}:${gid} ${dataDir}` };
}
