import { join } from 'node:path';
import type SqliteDatabase from 'better-sqlite3';
import { ENVELOPE_KEEP_MS } from '../../protocol/limits.ts';
import { checkDatabase } from '../../store/check-database.ts';
import { DATABASE_FILE, isThere, KEY_FILE } from '../../store/data-folder.ts';
import { HOUR_MS } from '../../store/hours.ts';
import { NEWEST_SCHEMA, refuseNewer, schemaOf } from '../../store/migrations/migrate.ts';
import { type Finding, ok, warning, wrong } from './finding.ts';
import { openSqliteFile } from '../../store/sqlite-file.ts';
import { unreadable } from './unreadable.ts';

const ABOUT = 'database';
const EMPTY = '"sottovoce serve" makes one. If there should be data, SOTTOVOCE_DATA points to the wrong place.';

// No clock that is right shows an earlier year than this version was made in.
export const BUILT_AT = Date.UTC(2026, 0, 1);

/** Start of the newest hour that anything was stored in. */
function newestHour(database: SqliteDatabase.Database): number | undefined {
  const expires = database.prepare<[], number>('SELECT expires_hour FROM bodies ORDER BY row DESC LIMIT 1').pluck().get();
  return expires === undefined ? undefined : (expires - ENVELOPE_KEEP_MS / HOUR_MS - 1) * HOUR_MS;
}

export function clockFinding(now: number, newest: number | undefined): Finding {
  const date = new Date(now).toISOString();
  const todo = 'Set the clock, and let it be kept by NTP: logins, tokens and expiry rest on it.';
  if (now < BUILT_AT) return wrong('clock', `The clock says ${date}, which is before this version was made.`, todo);
  if (newest !== undefined && newest > now)
    return wrong('clock', `The clock says ${date}, and an envelope was stored later than that.`, todo);
  return ok('clock', `The clock says ${date}.`);
}

/** With the clock, which is judged by what was stored. */
export function databaseFindings(dataDir: string, now: number): Finding[] {
  const path = join(dataDir, DATABASE_FILE);
  try {
    if (!isThere(path)) {
      // Beside a key one is missing, which is told with the key.
      const begun = isThere(join(dataDir, KEY_FILE));
      return [...(begun ? [] : [warning(ABOUT, `There is no database in ${dataDir} yet.`, EMPTY)]), clockFinding(now, undefined)];
    }
    const database = openSqliteFile(path, { readonly: true });
    try {
      const schema = schemaOf(database);
      refuseNewer(schema);
      const [first, ...more] = checkDatabase(database, true);
      if (first !== undefined) {
        const said = more.length > 0 ? `${first} And ${more.length} more.` : first;
        return [
          wrong(ABOUT, said, '"sottovoce verify" tells all; "sottovoce restore" puts a backup in its place.'),
          clockFinding(now, undefined),
        ];
      }
      const said =
        schema === NEWEST_SCHEMA
          ? `It is sound, with schema ${schema}.`
          : `It is sound; the next start brings it from schema ${schema} to ${NEWEST_SCHEMA}.`;
      return [ok(ABOUT, said), clockFinding(now, newestHour(database))];
    } finally {
      database.close();
    }
  } catch (error) {
    return [unreadable(ABOUT, path, error), clockFinding(now, undefined)];
  }
}
