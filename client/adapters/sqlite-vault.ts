/** A vault's storage for Node: one SQLite file, WAL, fsynced at every commit. */
import Database from 'better-sqlite3';
import { VaultFailure, type VaultStorage, type VaultTable } from '../ports/vault.ts';

type Row = { key: string; value: Buffer };

const SCHEMA = `
  CREATE TABLE IF NOT EXISTS owner (id INTEGER PRIMARY KEY CHECK (id = 1), epoch INTEGER NOT NULL) STRICT;
  INSERT OR IGNORE INTO owner VALUES (1, 0);
  CREATE TABLE IF NOT EXISTS header (key TEXT PRIMARY KEY, value BLOB NOT NULL) STRICT, WITHOUT ROWID;
  CREATE TABLE IF NOT EXISTS records (key TEXT PRIMARY KEY, value BLOB NOT NULL) STRICT;
  CREATE TABLE IF NOT EXISTS segments (key TEXT PRIMARY KEY, value BLOB NOT NULL) STRICT;
`;

// Two engines on one file are a mistake that the epoch catches; until one notices, it may wait for the other's write.
const BUSY_TIMEOUT_MS = 5_000;

function bytesOf(value: Buffer): Uint8Array<ArrayBuffer> {
  return new Uint8Array(value);
}

function statementsOf(database: Database.Database, table: VaultTable) {
  return {
    read: database.prepare<[string], Row>(`SELECT key, value FROM ${table} WHERE key = ?`),
    readAll: database.prepare<[], Row>(`SELECT key, value FROM ${table} ORDER BY key`),
    put: database.prepare<[string, Uint8Array]>(`INSERT OR REPLACE INTO ${table} VALUES (?, ?)`),
    delete: database.prepare<[string]>(`DELETE FROM ${table} WHERE key = ?`),
    clear: database.prepare(`DELETE FROM ${table}`),
  };
}

export function openSqliteVault(file: string): VaultStorage {
  const database = new Database(file, { timeout: BUSY_TIMEOUT_MS });
  database.pragma('journal_mode = WAL');
  database.pragma('synchronous = FULL');
  // Deleted messages leave no bytes behind in free pages.
  database.pragma('secure_delete = ON');
  database.exec(SCHEMA);
  const tables = {
    header: statementsOf(database, 'header'),
    records: statementsOf(database, 'records'),
    segments: statementsOf(database, 'segments'),
  };
  const readEpoch = database.prepare<[], { epoch: number }>('SELECT epoch FROM owner');
  const raiseEpoch = database.prepare<[], { epoch: number }>('UPDATE owner SET epoch = epoch + 1 RETURNING epoch');

  /** `immediate`: takes the write lock first, so that the epoch read is the epoch written under. */
  async function transact<R>(run: () => R): Promise<R> {
    try {
      return database.transaction(run).immediate();
    } catch (error) {
      throw error instanceof VaultFailure ? error : new VaultFailure('storage');
    }
  }

  async function reading<R>(run: () => R): Promise<R> {
    try {
      return database.transaction(run).deferred();
    } catch {
      throw new VaultFailure('storage');
    }
  }

  return {
    claim: () => transact(() => raiseEpoch.get()?.epoch as number),
    commit: (epoch, writes) =>
      transact(() => {
        if (readEpoch.get()?.epoch !== epoch) throw new VaultFailure('not-owner');
        for (const { table, key, value } of writes) {
          if (value === null) tables[table].delete.run(key);
          else tables[table].put.run(key, value);
        }
      }),
    read: (table, key) =>
      reading(() => {
        const row = tables[table].read.get(key);
        return row && bytesOf(row.value);
      }),
    readAll: (table) => reading(() => tables[table].readAll.all().map(({ key, value }) => [key, bytesOf(value)])),
    readMany: (table, keys) =>
      reading(() =>
        keys.map((key) => {
          const row = tables[table].read.get(key);
          return row && bytesOf(row.value);
        }),
      ),
    async destroy() {
      await transact(() => {
        raiseEpoch.get();
        for (const table of Object.values(tables)) table.clear.run();
      });
      // The write-ahead log still holds the old pages.
      database.pragma('wal_checkpoint(TRUNCATE)');
    },
    close() {
      database.close();
    },
  };
}
