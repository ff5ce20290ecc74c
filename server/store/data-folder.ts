/** What lies in the data folder, and who may use it. */
import { closeSync, existsSync, fsyncSync, openSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { isDamage } from './damage.ts';
import { DataTrouble } from './data-trouble.ts';
import { giveToOwner } from './ownership.ts';
import { openSqliteFile } from './sqlite-file.ts';

export const DATABASE_FILE = 'relay.sqlite';
export const KEY_FILE = 'relay.key';
export const LOCK_FILE = 'relay.lock';
/** Stands there while a restore is moving files: what lies beside it is half of one relay and half of another. */
export const UNFINISHED_FILE = 'restore.unfinished';

/** Throws for what may not be looked at, which `existsSync` takes for missing. */
export function isThere(path: string): boolean {
  return statSync(path, { throwIfNoEntry: false }) !== undefined;
}

/** Where a restore prepares what it will put in place; nobody needs what one left there that was killed. */
export const STAGE_FOLDER = 'restoring';

/** Its message is one sentence for whoever runs the relay. */
export class DataFolderTaken extends Error {}

export function damagedLock(path: string): DataTrouble {
  return new DataTrouble(`${path} is damaged.`, 'Nothing is kept in it: delete it and start again.');
}

/** Held by an open transaction for as long as the process lives, whatever ends it: two relays on one folder would give out one sequence twice. */
export function lockDataFolder(dataDir: string): { release(): void } {
  const path = join(dataDir, LOCK_FILE);
  const file = openSqliteFile(path, { timeout: 0 });
  giveToOwner(dataDir, path);
  try {
    file.exec('BEGIN EXCLUSIVE');
  } catch (error) {
    file.close();
    if (isDamage(error)) throw damagedLock(path);
    if (!(error instanceof Error && 'code' in error && String(error.code).startsWith('SQLITE_BUSY'))) throw error;
    throw new DataFolderTaken(`Another relay uses the data folder ${dataDir}.`);
  }
  return { release: () => void file.close() };
}

export function refuseUnfinished(dataDir: string): void {
  if (!existsSync(join(dataDir, UNFINISHED_FILE))) return;
  throw new DataTrouble(`A restore into ${dataDir} was interrupted.`, 'Run "sottovoce restore" once more, which loses nothing.');
}

/** On the platter: a file's bytes, or a folder's names. */
export function sync(path: string): void {
  // Windows opens no folder, and keeps names by itself.
  if (process.platform === 'win32') return;
  const handle = openSync(path, 'r');
  try {
    fsyncSync(handle);
  } finally {
    closeSync(handle);
  }
}
