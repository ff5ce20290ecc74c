/**
 * A vault's storage in the browser: one database, `strict` durability (the browser flushes to disk before a commit resolves).
 * All tables share one object store, keyed by [table, key]; the owner's epoch lies in its own, so that erasing does not lower it.
 */
import { type DBSchema, type IDBPDatabase, openDB } from 'idb';
import { VaultFailure, type VaultStorage, type VaultTable } from '../ports/vault.ts';

const DATABASE_NAME = 'sottovoce';
const DATABASE_VERSION = 1;
const EPOCH_KEY = 'epoch';

type Stored = Uint8Array<ArrayBuffer>;

interface VaultDatabase extends DBSchema {
  sealed: { key: [table: VaultTable, key: string]; value: Stored };
  owner: { key: string; value: number };
}

/** Every key of a table: arrays sort after all strings. */
function wholeTable(table: VaultTable): IDBKeyRange {
  return IDBKeyRange.bound([table], [table, []]);
}

function open(name: string, forgotten: () => void): Promise<IDBPDatabase<VaultDatabase>> {
  return openDB<VaultDatabase>(name, DATABASE_VERSION, {
    upgrade(database) {
      database.createObjectStore('sealed');
      database.createObjectStore('owner');
    },
    // A later build in another tab, or the person clearing site data, must not wait for this one.
    blocking(_current, _blocked, event) {
      (event.target as IDBDatabase).close();
      forgotten();
    },
    terminated: forgotten,
  });
}

export function openIndexedDbVault(name = DATABASE_NAME): VaultStorage {
  let closed = false;
  let opening: Promise<IDBPDatabase<VaultDatabase>> | undefined;

  async function run<R>(act: (database: IDBPDatabase<VaultDatabase>) => Promise<R>): Promise<R> {
    if (closed) throw new VaultFailure('storage');
    opening ??= open(name, () => {
      opening = undefined;
    });
    const present = opening;
    try {
      return await act(await present);
    } catch (error) {
      // A database that did not open is tried again at the next call.
      present.catch(() => {
        if (opening === present) opening = undefined;
      });
      throw error instanceof VaultFailure ? error : new VaultFailure('storage');
    }
  }

  function readMany(table: VaultTable, keys: readonly string[]): Promise<(Stored | undefined)[]> {
    return run(async (database) => {
      const store = database.transaction('sealed').store;
      return Promise.all(keys.map((key) => store.get([table, key])));
    });
  }

  return {
    claim: () =>
      run(async (database) => {
        const transaction = database.transaction('owner', 'readwrite', { durability: 'strict' });
        const epoch = ((await transaction.store.get(EPOCH_KEY)) ?? 0) + 1;
        await Promise.all([transaction.store.put(epoch, EPOCH_KEY), transaction.done]);
        return epoch;
      }),
    commit: (epoch, writes) =>
      run(async (database) => {
        const transaction = database.transaction(['owner', 'sealed'], 'readwrite', { durability: 'strict' });
        const present = (await transaction.objectStore('owner').get(EPOCH_KEY)) ?? 0;
        if (present !== epoch) {
          await transaction.done;
          throw new VaultFailure('not-owner');
        }
        const store = transaction.objectStore('sealed');
        // The requests are queued in order; waiting for each would cost a turn of the event loop apiece.
        const requests = writes.map(({ table, key, value }) =>
          value === null ? store.delete([table, key]) : store.put(value, [table, key]),
        );
        await Promise.all([...requests, transaction.done]);
      }),
    read: async (table, key) => (await readMany(table, [key]))[0],
    readMany,
    readAll: (table) =>
      run(async (database) => {
        const store = database.transaction('sealed').store;
        const [keys, values] = await Promise.all([store.getAllKeys(wholeTable(table)), store.getAll(wholeTable(table))]);
        return keys.map(([, key], index) => [key, values[index] as Stored]);
      }),
    destroy: () =>
      run(async (database) => {
        const transaction = database.transaction(['owner', 'sealed'], 'readwrite', { durability: 'strict' });
        const epoch = (await transaction.objectStore('owner').get(EPOCH_KEY)) ?? 0;
        const requests = [transaction.objectStore('owner').put(epoch + 1, EPOCH_KEY), transaction.objectStore('sealed').clear()];
        await Promise.all([...requests, transaction.done]);
      }),
    close() {
      closed = true;
      opening?.then(
        (database) => database.close(),
        () => undefined,
      );
    },
  };
}
