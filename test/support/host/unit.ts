import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

/** A unit file with its drop-ins, as systemd.unit(5) reads them: an assignment adds to a list, and an empty one empties it. */
export type Unit = { values(name: string): string[]; value(name: string): string | undefined };

function linesOf(path: string): string[] {
  return readFileSync(path, 'utf8')
    .split('\n')
    .filter((line) => line !== '' && !/^[#;[]/.test(line));
}

function dropIns(folder: string): string[] {
  try {
    return readdirSync(folder)
      .filter((name) => name.endsWith('.conf'))
      .sort()
      .map((name) => join(folder, name));
  } catch {
    return [];
  }
}

/** Throws when there is no such unit, or a line that is none. */
export function readUnit(folder: string, name: string): Unit {
  const all = new Map<string, string[]>();
  for (const line of [join(folder, name), ...dropIns(join(folder, `${name}.d`))].flatMap(linesOf)) {
    const [, key = '', value = ''] = /^(\w+)=(.*)$/.exec(line) ?? [];
    if (key === '') throw new Error(`${name}: what is "${line}"?`);
    all.set(key, value === '' ? [] : [...(all.get(key) ?? []), value]);
  }
  const values = (key: string): string[] => all.get(key) ?? [];
  return { values, value: (key) => values(key).at(-1) };
}
