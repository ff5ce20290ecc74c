import type { Database } from 'better-sqlite3';
import { first } from './0001-first.ts';
import { deliveryVerifier } from './0002-delivery-verifier.ts';

/** In order, for ever: a migration that was released is never edited. The database's user_version says how many it has had. */
const MIGRATIONS: readonly (readonly string[])[] = [first, deliveryVerifier];

/** Throws a sentence when the database was written by a newer relay. */
export function migrate(database: Database): void {
  const had = database.pragma('user_version', { simple: true }) as number;
  if (had > MIGRATIONS.length) {
    throw new Error(`The data folder was written by a newer Sottovoce (schema ${had}, this one knows ${MIGRATIONS.length}).`);
  }
  for (let version = had; version < MIGRATIONS.length; version++) {
    database.transaction(() => {
      for (const statement of MIGRATIONS[version] ?? []) database.exec(statement);
      database.pragma(`user_version = ${version + 1}`);
    })();
  }
}
