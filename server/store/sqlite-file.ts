import SqliteDatabase from 'better-sqlite3';

/** Every file of a database is opened here. */
export function openSqliteFile(path: string, options: SqliteDatabase.Options = {}): SqliteDatabase.Database {
  return new SqliteDatabase(path, options);
}
