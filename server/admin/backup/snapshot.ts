import { statSync } from 'node:fs';
import type SqliteDatabase from 'better-sqlite3';
import { openSqliteFile } from '../../store/sqlite-file.ts';
import type { Progress } from './long-work.ts';

// Some milliseconds of reading at a time, between which signals are heard and progress is drawn.
const PAGES_AT_ONCE = 1_024;

type Counts = { accounts: number; devices: number; envelopes: number; groupLogs: number };

export function countsOf(database: SqliteDatabase.Database): Counts {
  const count = (table: string) => database.prepare<[], number>(`SELECT count(*) FROM ${table}`).pluck().get() ?? 0;
  return { accounts: count('accounts'), devices: count('devices'), envelopes: count('waiting'), groupLogs: count('group_logs') };
}

/**
 * Copies the database as it stands at one moment. The transaction that is held open is that moment: the relay goes on writing behind it into
 * its journal, undisturbed, and the copy comes to its end however much is written.
 */
export async function snapshot(from: string, to: string, progress: Progress): Promise<{ schema: number; counts: Counts }> {
  const source = openSqliteFile(from, { readonly: true, fileMustExist: true });
  try {
    source.exec('BEGIN');
    const counts = countsOf(source);
    const schema = source.pragma('user_version', { simple: true }) as number;
    await source.backup(to, {
      progress({ totalPages, remainingPages }) {
        progress(totalPages - remainingPages, totalPages);
        return PAGES_AT_ONCE;
      },
    });
    // Of the last pages it does not tell.
    progress(1, 1);
    source.exec('COMMIT');
    return { schema, counts };
  } finally {
    source.close();
  }
}

/** One file by itself: a copy in journal mode would want a journal beside it wherever it is read, on a disk for reading alone too. */
export function makeSingleFile(path: string): void {
  const copy = openSqliteFile(path);
  try {
    copy.pragma('journal_mode = DELETE');
  } finally {
    copy.close();
  }
}

/** What there is to copy, the journal's part included. */
export function sizeOf(database: string): number {
  return [database, `${database}-wal`].reduce((sum, path) => sum + (statSync(path, { throwIfNoEntry: false })?.size ?? 0), 0);
}
