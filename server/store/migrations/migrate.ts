import type { Database } from 'better-sqlite3';
import { DataTrouble } from '../data-trouble.ts';
import { first } from './0001-first.ts';
import { admin } from './0002-admin.ts';
import { waiting } from './0003-waiting.ts';
import { deliveryVerifier } from './0004-delivery-verifier.ts';

/** In order, for ever: a migration that was released is never edited. The database's user_version says how many it has had. */
const MIGRATIONS: readonly (readonly string[])[] = [first, admin, waiting, deliveryVerifier];

export const NEWEST_SCHEMA = MIGRATIONS.length;

type Steps = {
  /** Before the first change to a database that holds something; `to` is the schema it will have. Throws to leave it as it is. */
  before?(from: number, to: number): void;
  /** After each statement, still inside its transaction. */
  progress?(schema: number, statement: number): void;
  /** Up to this schema and no further, for tests of what comes after. */
  upTo?: number;
};

export function schemaOf(database: Database): number {
  return database.pragma('user_version', { simple: true }) as number;
}

/** Throws a sentence for data of a newer Sottovoce, of which this one knows nothing. */
export function refuseNewer(schema: number): void {
  if (schema <= NEWEST_SCHEMA) return;
  throw new DataTrouble(
    `The data folder was written by a newer Sottovoce (schema ${schema}, this one knows ${NEWEST_SCHEMA}).`,
    'Install the newer program again.',
  );
}

/** Each migration is one transaction: whatever ends the process leaves the database under the schema before or after it, whole. */
export function migrate(database: Database, { before, progress, upTo = NEWEST_SCHEMA }: Steps = {}): void {
  const had = schemaOf(database);
  refuseNewer(had);
  if (had > 0 && had < upTo) before?.(had, upTo);
  for (let version = had; version < upTo; version++) {
    database.transaction(() => {
      for (const [index, statement] of (MIGRATIONS[version] ?? []).entries()) {
        database.exec(statement);
        progress?.(version + 1, index + 1);
      }
      database.pragma(`user_version = ${version + 1}`);
    })();
  }
}
