import { chmodSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import type SqliteDatabase from 'better-sqlite3';
import { DATABASE_FILE, lockDataFolder, refuseUnfinished, STAGE_FOLDER } from './data-folder.ts';
import { damagedDatabase, isDamage, refuseDamaged, refuseEmptyDatabase, removeUnwritten } from './damage.ts';
import { deviceRows } from './device-rows.ts';
import { makeFolder } from './make-folder.ts';
import { copyBeforeMigration, removeOldCopies } from './migration-copy.ts';
import { migrate, schemaOf } from './migrations/migrate.ts';
import { giveToOwner } from './ownership.ts';
import { prepare } from './query.ts';
import { sqliteAccounts } from './sqlite-accounts.ts';
import { sqliteAdmin } from './sqlite-admin.ts';
import { sqliteAdminLog } from './sqlite-admin-log.ts';
import { sqliteGroups } from './sqlite-groups.ts';
import { sqliteInvites } from './sqlite-invites.ts';
import { type MailboxQuota, sqliteMailbox } from './sqlite-mailbox.ts';
import { sqliteOverview } from './sqlite-overview.ts';
import { sqlitePrekeys } from './sqlite-prekeys.ts';
import { sqliteRetired } from './sqlite-retired.ts';
import { revokedMail } from './revoked-mail.ts';
import type { Store } from './store.ts';
import { openSqliteFile } from './sqlite-file.ts';

/** `retiredKey`: from the relay's own key, for digests of names that are never given out again. */
export type StoreOptions = { quota: MailboxQuota; retiredKey: Uint8Array };

function open(dataDir: string): SqliteDatabase.Database {
  refuseUnfinished(dataDir);
  rmSync(join(dataDir, STAGE_FOLDER), { recursive: true, force: true });
  const path = join(dataDir, DATABASE_FILE);
  refuseEmptyDatabase(path);
  const database = openSqliteFile(path);
  try {
    chmodSync(path, 0o600);
    giveToOwner(dataDir, path);
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
    refuseDamaged(database, path);
    migrate(database, { before: (_from, to) => copyBeforeMigration(database, dataDir, to) });
    return database;
  } catch (error) {
    database.close();
    removeUnwritten(path);
    throw isDamage(error) ? damagedDatabase(path) : error;
  }
}

/** Throws a sentence when the folder is taken or cannot be used. */
export function openSqlite(dataDir: string, { quota, retiredKey }: StoreOptions): Store {
  makeFolder(dataDir);
  const held = lockDataFolder(dataDir);
  let database: SqliteDatabase.Database;
  try {
    database = open(dataDir);
  } catch (error) {
    held.release();
    throw error;
  }

  const prepared = prepare(database);
  const devices = deviceRows(prepared);
  const retired = sqliteRetired(prepared, retiredKey);
  const log = sqliteAdminLog(prepared);
  const invites = sqliteInvites(database, prepared, retired, log);
  const mailboxes = sqliteMailbox(database, prepared, devices, quota);
  const eraseRevokedMail = revokedMail(database, prepared, mailboxes);
  return {
    ...sqliteAccounts({ database, prepared, devices, invites, mailboxes, retired }),
    ...sqlitePrekeys(database, prepared, devices),
    ...sqliteGroups(database, prepared),
    ...invites.store,
    ...mailboxes.store,
    ...sqliteOverview(prepared),
    ...sqliteAdmin({ database, prepared, devices, mailboxes, log, retired }),
    async expire(now) {
      log.purge(now);
      removeOldCopies(dataDir, now);
      eraseRevokedMail();
      return mailboxes.store.expire(now);
    },
    async tidy() {
      // A backup reads from the journal as long as it runs. Waiting for it would hold up everybody; the next minute will do.
      database.pragma('busy_timeout = 0');
      try {
        database.pragma('wal_checkpoint(TRUNCATE)');
      } finally {
        database.pragma('busy_timeout = 5000');
      }
    },
    schema: async () => schemaOf(database),
    // Written as it stands: a commit that changes nothing, and fails where any would.
    probe: async () => void database.pragma(`user_version = ${schemaOf(database)}`),
    async close() {
      database.close();
      held.release();
    },
  };
}
