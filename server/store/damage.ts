import { rmSync, statSync } from 'node:fs';
import type { Database } from 'better-sqlite3';

// The file is no database, or its pages contradict each other.
const DAMAGED = /^SQLITE_(NOTADB|CORRUPT)/;

export function isDamage(error: unknown): boolean {
  return error instanceof Error && 'code' in error && DAMAGED.test(String(error.code));
}

export function damagedDatabase(path: string): Error {
  return new Error(
    `the database ${path} is damaged. Put back a backup of the data folder; without one, move the folder away, and everybody has to sign up anew.`,
  );
}

/** What a start that failed has made and not written to would stand in the way of the next one. */
export function removeUnwritten(path: string): void {
  if (statSync(path, { throwIfNoEntry: false })?.size === 0) rmSync(path);
}

/** SQLite takes an empty file for a new database: every account would be gone without a word, and the first invite's link open again. */
export function refuseEmptyDatabase(path: string): void {
  if (statSync(path, { throwIfNoEntry: false })?.size !== 0) return;
  throw new Error(
    `the database ${path} is empty. Put back a backup of the data folder; if nobody has signed up here yet, delete it with relay.key and start again.`,
  );
}

/**
 * Every page and index is looked at once at each start (1.7 s for 300,000 waiting envelopes in 1.2 GB), so that no damage is first met in
 * service, where it would end sockets without a word of why.
 */
export function refuseDamaged(database: Database, path: string): void {
  if (database.pragma('integrity_check(1)', { simple: true }) !== 'ok') throw damagedDatabase(path);
}
