import { chmodSync, mkdirSync } from 'node:fs';
import { join } from 'node:path';
import type SqliteDatabase from 'better-sqlite3';
import { deviceRows } from './device-rows.ts';
import { migrate } from './migrations/migrate.ts';
import { build, prepare } from './query.ts';
import { sqliteAccounts } from './sqlite-accounts.ts';
import { sqliteGroups } from './sqlite-groups.ts';
import { openSqliteFile } from './sqlite-file.ts';
import { sqliteInvites } from './sqlite-invites.ts';
import { type MailboxQuota, sqliteMailbox } from './sqlite-mailbox.ts';
import { sqlitePrekeys } from './sqlite-prekeys.ts';
import type { Store } from './store.ts';

/** Held by an open transaction for as long as the process lives, whatever ends it: two relays on one folder would give out one sequence twice. */
function lock(dataDir: string): SqliteDatabase.Database {
  const file = openSqliteFile(join(dataDir, 'relay.lock'), { timeout: 0 });
  try {
    file.exec('BEGIN EXCLUSIVE');
  } catch {
    throw new Error(`Another relay uses the data folder ${dataDir}.`);
  }
  return file;
}

/** Throws a sentence when the folder is taken or cannot be used. */
export function openSqlite(dataDir: string, quota: MailboxQuota): Store {
  mkdirSync(dataDir, { recursive: true, mode: 0o700 });
  const held = lock(dataDir);
  const path = join(dataDir, 'relay.sqlite');
  const database = openSqliteFile(path);
  chmodSync(path, 0o600);
  // A page holds seven of the usual envelopes; of the default 4,096 bytes it would hold one and be half empty. Only a new file takes it.
  database.pragma('page_size = 16384');
  // In KiB, taken as it is needed: what is deleted a moment after it was written is not read again from the disk.
  database.pragma('cache_size = -32768');
  database.pragma('journal_mode = WAL');
  // In pages, 32 MiB: what comes and is acknowledged within that never reaches the database file.
  database.pragma('wal_autocheckpoint = 2048');
  // FULL: the log is on the platter before a transaction ends. Under group commit it costs nothing over NORMAL.
  database.pragma('synchronous = FULL');
  // What was deleted is overwritten, so that an acknowledged envelope cannot be dug out of the file.
  database.pragma('secure_delete = ON');
  database.pragma('foreign_keys = ON');
  migrate(database);

  const prepared = prepare(database);
  const devices = deviceRows(prepared);
  const invites = sqliteInvites(database, prepared);
  const mailboxes = sqliteMailbox(database, prepared, devices, quota);
  const schema = () => database.pragma('user_version', { simple: true }) as number;
  const waitingInAll = prepared<Record<never, never>>()(() =>
    build
      .selectFrom('waiting')
      .select(({ fn, val }) => [fn.countAll<number>().as('envelopes'), fn.coalesce(fn.sum<number>('size'), val(0)).as('bytes')]),
  );
  return {
    ...sqliteAccounts({ database, prepared, devices, invites, mailboxes }),
    ...sqlitePrekeys(database, prepared, devices),
    ...sqliteGroups(database, prepared),
    ...invites.store,
    ...mailboxes.store,
    tidy: async () => void database.pragma('wal_checkpoint(TRUNCATE)'),
    schema: async () => schema(),
    probe: async () => void database.pragma(`user_version = ${schema()}`),
    waitingInAll: async () => waitingInAll.get({}) ?? { envelopes: 0, bytes: 0 },
    async close() {
      database.close();
      held.close();
    },
  };
}
