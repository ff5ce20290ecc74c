import { existsSync, mkdirSync, statSync } from 'node:fs';
import { dirname, resolve } from 'node:path';

const REASONS: Record<string, string> = {
  EACCES: 'this user may not',
  EPERM: 'this user may not',
  EROFS: 'its disk takes no changes',
  ENOSPC: 'its disk is full',
  ENOENT: 'the system keeps none there',
  ENOTDIR: 'a part of its path is a file',
  ENAMETOOLONG: 'its name is too long',
};

/** Its message stands after a colon, and ends as a sentence does. */
export class FolderMistake extends Error {
  readonly code: string;
  constructor(message: string, code: string) {
    super(message);
    this.code = code;
  }
}

/**
 * With those above it that are missing, for the owner alone. Step by step, as Node's own way to make several never ends where the system
 * says that a folder cannot be made and calls it missing (/proc). Throws a FolderMistake, also when something else has the name.
 */
export function makeFolder(path: string): void {
  const missing: string[] = [];
  for (let at = resolve(path); !existsSync(at); at = dirname(at)) missing.unshift(at);
  for (const folder of missing) {
    try {
      mkdirSync(folder, { mode: 0o700 });
    } catch (error) {
      const code = error instanceof Error && 'code' in error ? String(error.code) : 'unknown';
      // Another process was faster.
      if (code === 'EEXIST' && statSync(folder, { throwIfNoEntry: false })?.isDirectory()) continue;
      throw new FolderMistake(`the folder ${folder} cannot be made, as ${REASONS[code] ?? `the system says ${code}`}.`, code);
    }
  }
  if (!statSync(path).isDirectory()) throw new FolderMistake(`${path} is a file, not a folder.`, 'ENOTDIR');
}
