import { isDamage } from './damage.ts';
import { openSqliteFile } from './sqlite-file.ts';

// Of the oldest schemas none or one of them is there.
const TABLES = ['accounts', 'retired'];

/** Whether somebody has ever signed up here, deleted since or not. Of a damaged database that must be believed. */
export function hadAccounts(path: string): boolean {
  try {
    const database = openSqliteFile(path, { readonly: true, fileMustExist: true });
    try {
      const there = database.prepare<[], string>("SELECT name FROM sqlite_schema WHERE type = 'table'").pluck().all();
      return TABLES.filter((table) => there.includes(table)).some((table) => database.prepare(`SELECT 1 FROM ${table} LIMIT 1`).get());
    } finally {
      database.close();
    }
  } catch (error) {
    if (isDamage(error)) return true;
    throw error;
  }
}
