import { chownSync, readdirSync, statSync } from 'node:fs';
import { join } from 'node:path';

/** What root makes in a folder of the relay's user must be that user's, or the relay cannot open it. */
export function giveToOwner(dataDir: string, path: string): void {
  if (process.getuid?.() !== 0) return;
  const { uid, gid } = statSync(dataDir);
  if (statSync(path).uid === uid) return;
  try {
    chownSync(path, uid, gid);
  } catch {
    // Some containers and network disks do not let root; whoever cannot use the file then is told its name.
  }
}

/** The first file that is not the folder's owner's, who cannot use it, and what to do. Undefined too where nobody may look. */
export function foreignFile(dataDir: string): { said: string; todo: string } | undefined {
  if (process.platform === 'win32') return undefined;
  try {
    const { uid, gid } = statSync(dataDir);
    const isForeign = (name: string): boolean => (statSync(join(dataDir, name), { throwIfNoEntry: false })?.uid ?? uid) !== uid;
    const name = readdirSync(dataDir).sort().find(isForeign);
    return name === undefined
      ? undefined
      : { said: `${join(dataDir, name)} does not belong to the owner of its folder.`, todo: `As root: chown -R ${uid}:${gid} ${dataDir}.` };
  } catch {
    return undefined;
  }
}
