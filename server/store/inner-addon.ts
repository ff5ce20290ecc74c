/** The native addon inside the single executable. The system loads such code from files alone, so it is written to one first. */
import { createHash } from 'node:crypto';
import { chmodSync, mkdirSync, readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { getRawAsset } from 'node:sea';

/** How scripts/binary names it inside the executable. */
export const ADDON_ASSET = 'better-sqlite3.node';
const PREFIX = 'better-sqlite3-';

let loaded: unknown;

function holds(path: string, wanted: Buffer): boolean {
  try {
    return readFileSync(path).equals(wanted);
  } catch {
    return false;
  }
}

/**
 * What stands there is loaded only if it is byte for byte what this executable carries; anything else is replaced first. Whoever can
 * write into the folder after that look owns the relay's data already.
 */
function written(folder: string, addon: Buffer): string {
  mkdirSync(folder, { recursive: true, mode: 0o700 });
  chmodSync(folder, 0o700);
  const name = `${PREFIX}${createHash('sha256').update(addon).digest('hex').slice(0, 32)}.node`;
  const path = join(folder, name);
  if (holds(path, addon)) return path;
  const next = join(folder, `next-${process.pid}`);
  writeFileSync(next, addon, { mode: 0o600, flush: true });
  renameSync(next, path);
  if (!holds(path, addon)) throw new Error(`The disk does not keep what is written to ${path}.`);
  // What earlier versions left; one that still runs keeps what it has loaded.
  for (const other of readdirSync(folder)) if (other !== name && other.startsWith(PREFIX)) rmSync(join(folder, other), { force: true });
  return path;
}

/** Once a process, whatever folder is named later. Throws a sentence when the folder cannot be written or nothing may run from it. */
export function loadInnerAddon(folder: string): unknown {
  if (loaded !== undefined) return loaded;
  const path = written(folder, Buffer.from(getRawAsset(ADDON_ASSET)));
  const target: { exports: unknown } = { exports: {} };
  try {
    process.dlopen(target, path);
  } catch (error) {
    const told = error instanceof Error ? error.message : String(error);
    if (!/not permitted|permission denied|failed to map/i.test(told)) throw error;
    throw new Error(
      `Nothing may be run from ${folder}, and the database's driver is loaded from there: mount that disk without "noexec", or choose another folder with SOTTOVOCE_DATA.`,
    );
  }
  loaded = target.exports;
  return loaded;
}
