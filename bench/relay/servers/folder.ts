import { chownSync, rmSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { User } from './installed.ts';

const folders = new Set<string>();

// The last resort of a bench that was interrupted; otherwise every server removes its own.
process.once('exit', () => {
  for (const path of folders) {
    try {
      rmSync(path, { recursive: true, force: true });
    } catch {
      // A server that is just ending wrote into it once more: the system clears its folder for temporary files.
    }
  }
});

/** A folder on the disk for one server, which belongs to the user it runs as. */
export async function serverFolder(user: User = {}): Promise<{ path: string; remove(): Promise<void> }> {
  const path = await mkdtemp(join(tmpdir(), 'sottovoce-bench-'));
  if (user.uid !== undefined && user.gid !== undefined) chownSync(path, user.uid, user.gid);
  folders.add(path);
  return {
    path,
    async remove() {
      await rm(path, { recursive: true, force: true });
      folders.delete(path);
    },
  };
}
