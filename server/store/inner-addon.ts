/** The native addon inside the single executable. The system loads such code from files alone, so it is written to one first. */
import { createHash } from 'node:crypto';
import { chmodSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { getRawAsset } from 'node:sea';
import { giveToOwner } from './ownership.ts';

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
function written(home: string, addon: Buffer): string {
  const folder = join(home, 'cache');
  mkdirSync(folder, { recursive: true, mode: 0o700 });
  giveToOwner(home, folder);
  chmodSync(folder, 0o700);
  const name = `${PREFIX}${createHash('sha256').update(addon).digest('hex').slice(0, 32)}.node`;
  const path = join(folder, name);
  if (holds(path, addon)) return path;
  const next = join(folder, `next-${process.pid}`);
  writeFileSync(next, addon, { mode: 0o600, flush: true });
  giveToOwner(home, next);
  renameSync(next, path);
  if (!holds(path, addon)) throw new Error(`The disk does not keep what is written to ${path}.`);
  // What earlier versions left; one that still runs keeps what it has loaded.
  for (const other of readdirSync(folder)) if (other !== name && other.startsWith(PREFIX)) rmSync(join(folder, other), { force: true });
  return path;
}

function load(path: string): unknown {
  const target: { exports: unknown } = { exports: {} };
  process.dlopen(target, path);
  return target.exports;
}

let dataFolder: () => string | undefined = () => undefined;

/** Asked when the driver is first wanted: undefined where there is no relay's folder. */
export function keepDriverIn(folder: () => string | undefined): void {
  dataFolder = folder;
}

/** Undefined when there is no such folder, or nothing may be written to it or run from it. */
function fromDataFolder(addon: Buffer): unknown {
  try {
    const folder = dataFolder();
    return folder === undefined ? undefined : load(written(folder, addon));
  } catch {
    return undefined;
  }
}

function fromTemporaryFolder(addon: Buffer): unknown {
  const folder = mkdtempSync(join(tmpdir(), 'sottovoce-'));
  try {
    return load(written(folder, addon));
  } catch (error) {
    const told = error instanceof Error ? error.message : String(error);
    if (!/not permitted|permission denied|failed to map/i.test(told)) throw error;
    throw new Error(
      `Nothing may be run from ${tmpdir()}, and the database's driver is loaded from there: set TMPDIR to a folder on a disk that is mounted without "noexec".`,
    );
  } finally {
    // What is loaded stays so.
    rmSync(folder, { recursive: true, force: true });
  }
}

/**
 * Once a process, and never from beside what is opened: a backup is not written to, and its disk may be one that nothing runs from. Throws
 * a sentence when there is no folder for it.
 */
export function loadInnerAddon(): unknown {
  if (loaded !== undefined) return loaded;
  const addon = Buffer.from(getRawAsset(ADDON_ASSET));
  loaded = fromDataFolder(addon) ?? fromTemporaryFolder(addon);
  return loaded;
}
