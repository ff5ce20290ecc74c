import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/** A way to take the disk away from a running relay and to give it back, each seen by SQLite as the real thing. */
export type SmallDisk = {
  dataDir: string;
  full(pid: number): void;
  roomy(pid: number): void;
  remove(): void;
};

const succeeds = (command: string, ...args: string[]): boolean => spawnSync(command, args, { stdio: 'ignore' }).status === 0;

function folder(): string {
  return mkdtempSync(join(tmpdir(), 'sottovoce-small-'));
}

/** A file system of 8 MiB with a file that fills it: SQLITE_FULL. Takes the right to mount. */
function tmpfs(): SmallDisk | undefined {
  const dataDir = folder();
  const filler = join(dataDir, 'filler');
  if (!succeeds('mount', '-t', 'tmpfs', '-o', 'size=8m', 'sottovoce', dataDir)) {
    rmSync(dataDir, { recursive: true });
    return undefined;
  }
  return {
    dataDir,
    full() {
      for (const piece of [Buffer.alloc(65_536), Buffer.alloc(1)]) {
        try {
          for (;;) writeFileSync(filler, piece, { flag: 'a' });
        } catch {
          // No piece of this size fits any more.
        }
      }
    },
    roomy: () => rmSync(filler),
    remove() {
      succeeds('umount', dataDir);
      rmSync(dataDir, { recursive: true, force: true });
    },
  };
}

/** No file may be written beyond its first byte: SQLITE_IOERR. Takes util-linux, as every Linux has it. */
function fileLimit(): SmallDisk | undefined {
  if (!succeeds('prlimit', '--version')) return undefined;
  const dataDir = folder();
  const limit = (pid: number, bytes: string): void => void succeeds('prlimit', '--pid', String(pid), `--fsize=${bytes}:`);
  return {
    dataDir,
    full: (pid) => limit(pid, '1'),
    roomy: (pid) => limit(pid, 'unlimited'),
    remove: () => rmSync(dataDir, { recursive: true, force: true }),
  };
}

/** Those that this machine allows. */
export const SMALL_DISKS = Object.entries({ tmpfs, fileLimit }).flatMap(([name, open]) => {
  const tried = open();
  tried?.remove();
  return tried ? [{ name, open: open as () => SmallDisk }] : [];
});
