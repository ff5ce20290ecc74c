import { isSea } from 'node:sea';
import SqliteDatabase from 'better-sqlite3';
import { loadInnerAddon } from './inner-addon.ts';

/** Every file of a database is opened here: the single executable has SQLite's addon inside, where the package would not find it. */
export function openSqliteFile(path: string, options: SqliteDatabase.Options = {}): SqliteDatabase.Database {
  if (!isSea()) return new SqliteDatabase(path, options);
  // The package takes a loaded addon as well as a path to one; its types know the path alone.
  const nativeBinding = loadInnerAddon() as string;
  return new SqliteDatabase(path, { ...options, nativeBinding });
}
