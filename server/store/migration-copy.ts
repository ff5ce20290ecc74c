import { readdirSync, renameSync, rmSync, statfsSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Database } from 'better-sqlite3';
import { DATABASE_FILE, sync } from './data-folder.ts';
import { giveToOwner } from './ownership.ts';

const COPY = /^relay\.sqlite\.before-\d+$/;

// Long enough to notice that an update was wrong; envelopes acknowledged since must not lie about in a copy for ever.
const KEEP_COPY_MS = 7 * 24 * 3_600_000;

export function copyName(schema: number): string {
  return `${DATABASE_FILE}.before-${schema}`;
}

/** The copy, and as much again for the journal of the change itself. */
export function spaceForMigration(dataDir: string): { neededBytes: number; freeBytes: number } {
  const { bavail, bsize } = statfsSync(dataDir);
  return { neededBytes: 2 * statSync(join(dataDir, DATABASE_FILE)).size, freeBytes: bavail * bsize };
}

/** Throws a sentence when there is no room for it. */
export function copyBeforeMigration(database: Database, dataDir: string, schema: number): void {
  const { neededBytes, freeBytes } = spaceForMigration(dataDir);
  const mib = (bytes: number) => Math.ceil(bytes / 1_048_576);
  if (freeBytes < neededBytes) {
    throw new Error(
      `Before its schema changes the database is copied, which needs ${mib(neededBytes)} MiB in ${dataDir}, and ${mib(freeBytes)} MiB are free.`,
    );
  }
  const path = join(dataDir, copyName(schema));
  const part = `${path}.part`;
  rmSync(part, { force: true });
  // SQLite writes into a file that is empty, and this one is the owner's alone from its first moment.
  writeFileSync(part, '', { mode: 0o600, flag: 'wx' });
  database.prepare('VACUUM INTO ?').run(part);
  giveToOwner(dataDir, part);
  sync(part);
  renameSync(part, path);
  sync(dataDir);
}

export function removeOldCopies(dataDir: string, now: number): void {
  for (const name of readdirSync(dataDir).filter((one) => COPY.test(one))) {
    const path = join(dataDir, name);
    if (now - statSync(path).mtimeMs > KEEP_COPY_MS) rmSync(path);
  }
}
