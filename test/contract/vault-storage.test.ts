import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, describe, it } from 'vitest';
import { createMemoryDisk, openMemoryVault } from '../../client/adapters/memory-vault.ts';
import { openSqliteVault } from '../../client/adapters/sqlite-vault.ts';
import type { VaultStorage } from '../../client/ports/vault.ts';
import { type Disk, VAULT_STORAGE_CONTRACT } from './vault-storage.ts';

const opened: VaultStorage[] = [];
const folders: string[] = [];

afterEach(async () => {
  for (const storage of opened.splice(0)) storage.close();
  for (const folder of folders.splice(0)) await rm(folder, { recursive: true });
});

const disks: Record<string, () => Promise<Disk>> = {
  async memory() {
    const disk = createMemoryDisk();
    return { open: () => openMemoryVault(disk) };
  },
  async SQLite() {
    const folder = await mkdtemp(join(tmpdir(), 'sottovoce-vault-'));
    folders.push(folder);
    return {
      open() {
        const storage = openSqliteVault(join(folder, 'vault.db'));
        opened.push(storage);
        return storage;
      },
    };
  },
};

describe.each(Object.entries(disks))('vault storage in %s', (_, create) => {
  it.each(VAULT_STORAGE_CONTRACT)('$name', async ({ run }) => run(await create()));
});
