import { expect, it } from 'vitest';
import { createMemoryDisk, openMemoryVault } from '../../client/adapters/memory-vault.ts';
import type { Migration } from '../../client/messenger/vault/migrations.ts';
import { defineStore } from '../../client/messenger/vault/store.ts';
import { createVault, openVault } from '../../client/messenger/vault/vault.ts';
import { seededRandom } from '../support/seeded-random.ts';

type Message = { id: string; from: string; text: string; edits?: number };

const PASSPHRASE = 'correct horse battery';
const people = defineStore<{ name: string }>('people');
const contacts = defineStore<{ username: string; since: number }>('contacts');

// A first step that moves a store and gives messages a property, and a second that builds on it.
const steps: readonly Migration[] = [
  {
    records(records) {
      for (const [name, value] of records.entries('people')) {
        records.delete('people', name);
        records.put('contacts', name, { username: (value as { name: string }).name });
      }
    },
    message: (message) => ({ ...(message as Message), edits: ((message as Message).edits ?? 0) + 1 }),
  },
  {
    records(records) {
      for (const [name, value] of records.entries('contacts')) records.put('contacts', name, { ...(value as object), since: 7 });
    },
    message: (message) => ({ ...(message as Message), edits: ((message as Message).edits ?? 0) * 10 }),
  },
];

async function oldVault() {
  const disk = createMemoryDisk();
  const random = seededRandom('migration');
  const open = (migrations: readonly Migration[]) => openVault<Message>(openMemoryVault(disk), PASSPHRASE, random, migrations);
  const vault = await createVault<Message>(openMemoryVault(disk), PASSPHRASE, random, []);
  await vault.commit((tx) => {
    tx.put(people, 'a', { name: 'ann' });
    for (let number = 0; number < 300; number++) tx.messages.append('c', { id: `m${number}`, from: 'a', text: '' });
  });
  return { disk, open };
}

it('brings records to the newest schema in one commit, once', async () => {
  const { disk, open } = await oldVault();
  const vault = await open(steps);
  expect([...vault.store(contacts)]).toEqual([['a', { username: 'ann', since: 7 }]]);
  expect(vault.store(people).size).toBe(0);
  const rows = new Map(disk.tables.records);
  const again = await open(steps);
  expect([...again.store(contacts)]).toEqual([['a', { username: 'ann', since: 7 }]]);
  expect(disk.tables.records).toEqual(rows);
});

it('brings messages on when they are read, each by the steps after its own schema', async () => {
  const { open } = await oldVault();
  await (await open(steps.slice(0, 1))).commit(async (tx) => {
    const old = await tx.messages.get('c', 290);
    await tx.messages.replace('c', 290, { ...(old as Message), text: 'touched' });
    await tx.messages.delete('c', 5);
  });
  const { messages } = await open(steps);
  for (const position of [0, 4, 200, 290, 299]) expect(await messages.get('c', position)).toMatchObject({ edits: 10 });
  expect(await messages.find('c', 'm5')).toEqual({ position: 5, message: null });
});

it('leaves the vault as it was when a step fails', async () => {
  const { disk, open } = await oldVault();
  const before = new Map(disk.tables.records);
  const failing: Migration = {
    records(records) {
      records.delete('people', 'a');
      throw new RangeError('no');
    },
  };
  await expect(open([failing])).rejects.toThrow('no');
  expect(disk.tables.records).toEqual(before);
  expect((await open([])).store(people).get('a')).toEqual({ name: 'ann' });
});

it('refuses a vault that a later build wrote', async () => {
  const { open } = await oldVault();
  await open(steps);
  await expect(open(steps.slice(0, 1))).rejects.toMatchObject({ code: 'unsupported' });
});
