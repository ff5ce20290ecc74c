/** The peers' programs come from the system. What is missing is told in one sentence with the packages to install. */
import { execFileSync } from 'node:child_process';
import { accessSync, constants, readdirSync } from 'node:fs';
import { join } from 'node:path';

export class NotInstalled extends Error {}

/** The first of these that can be run. */
export function program(name: string, packages: string, paths: readonly string[]): string {
  const found = paths.find((path) => {
    try {
      accessSync(path, constants.X_OK);
      return true;
    } catch {
      return false;
    }
  });
  if (found === undefined) throw new NotInstalled(`${name} is not installed: on Debian, apt-get install ${packages}, then try again.`);
  return found;
}

/** What lies in a folder under such a name, in order; nothing where the folder is not there. */
export function folders(before: string, pattern: RegExp, after = ''): string[] {
  try {
    return readdirSync(before)
      .filter((name) => pattern.test(name))
      .sort()
      .map((name) => join(before, name, after));
  } catch {
    return [];
  }
}

export type User = { uid?: number; gid?: number };

/** PostgreSQL and prosody refuse to run as root: then they run as the user their package brought. */
export function unprivileged(name: string): User {
  if (process.getuid?.() !== 0) return {};
  const id = (flag: string): number => Number(execFileSync('id', [flag, name], { encoding: 'utf8' }));
  return { uid: id('-u'), gid: id('-g') };
}
