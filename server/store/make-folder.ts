import { existsSync, mkdirSync, statSync } from 'node:fs';
import { dirname, resolve } from 'node:path';

/**
 * With those above it that are missing, for the owner alone. Step by step, as Node's own way to make several never ends where the system
 * says that a folder cannot be made and calls it missing (/proc). Throws a sentence when something else has the name.
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
      throw Object.assign(new Error(`the folder ${folder} cannot be made (${code})`), { code });
    }
  }
  if (!statSync(path).isDirectory()) throw new Error(`${path} is a file, not a folder.`);
}
