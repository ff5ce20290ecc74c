/** A vault's storage in this process: for tests and for bots that live as long as they run. */
import { VaultFailure, type VaultStorage, type VaultTable, type VaultWrite } from '../ports/vault.ts';

type Table = Map<string, Uint8Array<ArrayBuffer>>;

/** What several storages may open at once, like tabs on one browser's database. */
export type MemoryDisk = { epoch: number; readonly tables: Readonly<Record<VaultTable, Table>> };

export function createMemoryDisk(): MemoryDisk {
  return { epoch: 0, tables: { header: new Map(), records: new Map(), segments: new Map() } };
}

export function openMemoryVault(disk: MemoryDisk = createMemoryDisk()): VaultStorage {
  let closed = false;

  function table(name: VaultTable): Table {
    if (closed) throw new VaultFailure('storage');
    return disk.tables[name];
  }

  function write({ table: name, key, value }: VaultWrite): void {
    if (value === null) table(name).delete(key);
    else table(name).set(key, value.slice());
  }

  return {
    async claim() {
      table('header');
      disk.epoch += 1;
      return disk.epoch;
    },
    async commit(epoch, writes) {
      table('header');
      if (epoch !== disk.epoch) throw new VaultFailure('not-owner');
      for (const one of writes) write(one);
    },
    async read(name, key) {
      return table(name).get(key)?.slice();
    },
    async readAll(name) {
      const rows = [...table(name)].map(([key, value]): [string, Uint8Array<ArrayBuffer>] => [key, value.slice()]);
      return rows.sort(([a], [b]) => (a < b ? -1 : 1));
    },
    async readMany(name, keys) {
      return keys.map((key) => table(name).get(key)?.slice());
    },
    async destroy() {
      disk.epoch += 1;
      for (const name of ['header', 'records', 'segments'] as const) table(name).clear();
    },
    close() {
      closed = true;
    },
  };
}
