import { afterEach, describe, expect, it } from 'vitest';
import { createMemoryDisk, type MemoryDisk, openMemoryVault } from '../../client/adapters/memory-vault.ts';
import { createVault, openVault, type Vault, vaultExists } from '../../client/messenger/vault/vault.ts';
import { defineStore } from '../../client/messenger/vault/store.ts';
import type { VaultStorage } from '../../client/ports/vault.ts';
import { utf8 } from '../../crypto/index.ts';
import { seededRandom } from '../support/seeded-random.ts';

type Message = { id: string; from: string; text: string };
type Session = { bytes: Uint8Array; sent: number };

const PASSPHRASE = 'correct horse battery';
const sessions = defineStore<Session>('sessions');
const drafts = defineStore<{ text: string }>('drafts');
const random = seededRandom('vault');

async function created(disk: MemoryDisk): Promise<Vault<Message>> {
  const vault = await createVault<Message>(openMemoryVault(disk), PASSPHRASE, random);
  await vault.commit((tx) => tx.put(drafts, 'first', { text: 'here' }));
  return vault;
}

const reopened = (disk: MemoryDisk): Promise<Vault<Message>> => openVault<Message>(openMemoryVault(disk), PASSPHRASE, random);

function snapshot(disk: MemoryDisk): string {
  return JSON.stringify(Object.entries(disk.tables).map(([name, table]) => [name, [...table].map(([key, value]) => [key, [...value]])]));
}

function flipped(bytes: Uint8Array, at: number): Uint8Array<ArrayBuffer> {
  const out = new Uint8Array(bytes);
  out[at] = (out[at] as number) ^ 1;
  return out;
}

describe('vault', () => {
  let disk = createMemoryDisk();
  afterEach(() => {
    disk = createMemoryDisk();
  });

  it('gives back after reopening what was committed', async () => {
    const vault = await created(disk);
    const bytes = random(300);
    await vault.commit((tx) => {
      tx.put(sessions, 'ann.1', { bytes, sent: 4 });
      tx.put(sessions, 'bob.2', { bytes: random(3), sent: 5 });
      tx.delete(drafts, 'first');
    });
    await vault.commit((tx) => tx.delete(sessions, 'bob.2'));
    await vault.close();
    const again = await reopened(disk);
    expect([...again.store(sessions)]).toEqual([['ann.1', { bytes, sent: 4 }]]);
    expect(again.store(drafts).size).toBe(0);
  });

  it('leaves no vault behind before the first commit', async () => {
    await createVault<Message>(openMemoryVault(disk), PASSPHRASE, random);
    expect(await vaultExists(openMemoryVault(disk))).toBe(false);
    await created(disk);
    expect(await vaultExists(openMemoryVault(disk))).toBe(true);
    await expect(createVault(openMemoryVault(disk), PASSPHRASE, random)).rejects.toMatchObject({ code: 'broken' });
  });

  it('refuses a wrong passphrase without taking the ownership', async () => {
    const vault = await created(disk);
    await expect(openVault(openMemoryVault(disk), `${PASSPHRASE}!`, random)).rejects.toMatchObject({ code: 'wrong-passphrase' });
    await expect(openVault(openMemoryVault(disk), '', random)).rejects.toMatchObject({ code: 'wrong-passphrase' });
    await vault.commit((tx) => tx.put(drafts, 'second', { text: 'still mine' }));
  });

  it('takes the same passphrase in another Unicode form', async () => {
    const vault = await createVault<Message>(openMemoryVault(disk), 'Caf\u00e9 in the hills', random);
    await vault.commit((tx) => tx.put(drafts, 'x', { text: '' }));
    const again = await openVault<Message>(openMemoryVault(disk), 'Cafe\u0301 in the hills', random);
    expect(again.store(drafts).has('x')).toBe(true);
  });

  it('writes neither names nor values in the clear', async () => {
    const vault = await created(disk);
    await vault.commit((tx) => {
      tx.put(sessions, 'ann-the-account', { bytes: utf8('secret session'), sent: 1 });
      tx.messages.append('ann-the-account', { id: 'message-id', from: 'ann-the-account', text: 'secret text' });
    });
    const rows = Object.values(disk.tables).flatMap((table) => [...table].map(([key, value]) => key + String.fromCharCode(...value)));
    for (const row of rows) expect(row).not.toMatch(/ann-the-account|secret|sessions|drafts|message-id/);
  });

  it('calls changed, moved and missing bytes damaged', async () => {
    const vault = await created(disk);
    await vault.commit((tx) => {
      tx.put(sessions, 'a', { bytes: random(8), sent: 1 });
      tx.put(sessions, 'b', { bytes: random(8), sent: 2 });
      tx.messages.append('c', { id: 'one', from: 'x', text: '1' });
      tx.messages.append('c', { id: 'two', from: 'x', text: '2' });
    });
    const { records, header, segments } = disk.tables;
    const sound = new Map(records);
    for (const [index, [key, value]] of [...sound].entries()) {
      for (const at of index === 0 ? [0, 1, 2, 40, value.length - 1] : [50]) {
        records.set(key, flipped(value, at));
        await expect(reopened(disk), `byte ${at}`).rejects.toMatchObject({ code: 'damaged' });
      }
      records.set(key, value);
    }
    const [[first, firstValue], [second, secondValue]] = [...sound] as [
      [string, Uint8Array<ArrayBuffer>],
      [string, Uint8Array<ArrayBuffer>],
    ];
    records.set(first, secondValue).set(second, firstValue);
    await expect(reopened(disk)).rejects.toMatchObject({ code: 'damaged' });
    records.set(first, firstValue).set(second, secondValue);

    const soundHeader = header.get('header') as Uint8Array<ArrayBuffer>;
    for (const at of [0, soundHeader.length - 1]) {
      header.set('header', flipped(soundHeader, at));
      await expect(reopened(disk), `header byte ${at}`).rejects.toMatchObject({ code: 'damaged' });
    }
    header.set('header', soundHeader);

    const [[one, oneValue], [two, twoValue]] = [...segments] as [[string, Uint8Array<ArrayBuffer>], [string, Uint8Array<ArrayBuffer>]];
    segments.set(one, twoValue).set(two, oneValue);
    await expect((await reopened(disk)).messages.page('c', undefined, 10)).rejects.toMatchObject({ code: 'damaged' });

    segments.clear();
    const again = await reopened(disk);
    await expect(again.messages.page('c', undefined, 10)).rejects.toMatchObject({ code: 'damaged' });
  }, 60_000);

  it('shows a transaction its own changes and others nothing before the end', async () => {
    const vault = await created(disk);
    await vault.commit(async (tx) => {
      tx.put(sessions, 'a', { bytes: random(1), sent: 1 });
      tx.delete(drafts, 'first');
      expect(tx.get(sessions, 'a')?.sent).toBe(1);
      expect(tx.entries(drafts)).toEqual([]);
      expect(vault.store(sessions).has('a')).toBe(false);
      const position = tx.messages.append('c', { id: 'one', from: 'x', text: '1' });
      expect(await tx.messages.get('c', position)).toMatchObject({ text: '1' });
      expect(await tx.messages.find('c', 'one')).toMatchObject({ position });
      expect(await vault.messages.find('c', 'one')).toBeUndefined();
    });
    expect(vault.store(sessions).has('a')).toBe(true);
    expect(await vault.messages.find('c', 'one')).toMatchObject({ position: 0 });
  });

  it('changes neither memory nor disk when the build throws', async () => {
    const vault = await created(disk);
    const before = snapshot(disk);
    const failing = vault.commit((tx) => {
      tx.put(drafts, 'second', { text: 'no' });
      tx.messages.append('c', { id: 'one', from: 'x', text: '1' });
      throw new RangeError('no');
    });
    await expect(failing).rejects.toThrow(RangeError);
    await expect(vault.commit((tx) => tx.put(drafts, 'third', { text: new Map() as never }))).rejects.toMatchObject({ code: 'broken' });
    expect(snapshot(disk)).toBe(before);
    expect([...vault.store(drafts).keys()]).toEqual(['first']);
    expect(vault.messages.next('c')).toBe(0);
  });

  it('changes nothing in memory when the storage fails, and goes on afterwards', async () => {
    const storage = openMemoryVault(disk);
    let failing = false;
    const flaky: VaultStorage = {
      ...storage,
      commit: (epoch, writes) => (failing ? Promise.reject(new RangeError('disk')) : storage.commit(epoch, writes)),
    };
    const vault = await createVault<Message>(flaky, PASSPHRASE, random);
    const write = (text: string) =>
      vault.commit((tx) => {
        tx.put(drafts, 'd', { text });
        tx.messages.append('c', { id: text, from: 'x', text });
      });
    failing = true;
    await expect(write('lost')).rejects.toThrow('disk');
    expect(vault.store(drafts).size).toBe(0);
    failing = false;
    await write('kept');
    failing = true;
    await expect(write('lost too')).rejects.toThrow('disk');
    expect(vault.store(drafts).get('d')).toEqual({ text: 'kept' });
    const { entries } = await vault.messages.page('c', undefined, 10);
    expect(entries.map(({ message }) => message.text)).toEqual(['kept']);
    expect((await reopened(disk)).store(drafts).get('d')).toEqual({ text: 'kept' });
  });

  it('runs commits one after the other', async () => {
    const vault = await created(disk);
    await Promise.all(
      Array.from({ length: 40 }, () =>
        vault.commit(async (tx) => {
          const sent = tx.get(sessions, 'a')?.sent ?? 0;
          await Promise.resolve();
          tx.put(sessions, 'a', { bytes: new Uint8Array(0), sent: sent + 1 });
        }),
      ),
    );
    expect(vault.store(sessions).get('a')?.sent).toBe(40);
  });

  it('refuses the commits of an owner who was replaced', async () => {
    const old = await created(disk);
    const owner = await reopened(disk);
    await expect(old.commit((tx) => tx.put(drafts, 'first', { text: 'old' }))).rejects.toMatchObject({ code: 'owned-elsewhere' });
    expect(old.store(drafts).get('first')).toEqual({ text: 'here' });
    await owner.commit((tx) => tx.put(drafts, 'first', { text: 'new' }));
    expect((await reopened(disk)).store(drafts).get('first')).toEqual({ text: 'new' });
  });

  it('keeps values from being changed without a commit', async () => {
    const vault = await created(disk);
    const value = { text: 'mine' };
    await vault.commit((tx) => tx.put(drafts, 'd', value));
    expect(() => {
      value.text = 'changed';
    }).toThrow(TypeError);
  });

  it('is empty and shut after close', async () => {
    const vault = await created(disk);
    const pending = vault.commit((tx) => tx.put(drafts, 'd', { text: 'in time' }));
    await vault.close();
    await pending;
    expect(vault.store(drafts).size).toBe(0);
    await expect(vault.commit((tx) => tx.put(drafts, 'e', { text: '' }))).rejects.toMatchObject({ code: 'locked' });
    await expect(vault.messages.find('c', 'one')).rejects.toMatchObject({ code: 'locked' });
    expect((await reopened(disk)).store(drafts).has('d')).toBe(true);
  });

  it('refuses a change that comes after the transaction ended', async () => {
    const vault = await created(disk);
    const kept = await vault.commit((tx) => ({ tx }));
    expect(() => kept.tx.put(drafts, 'late', { text: '' })).toThrow(expect.objectContaining({ code: 'broken' }));
    expect(() => kept.tx.messages.append('c', { id: 'a', from: 'b', text: '' })).toThrow(expect.objectContaining({ code: 'broken' }));
  });
});
