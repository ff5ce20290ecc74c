/** What every vault storage must do, as plain functions: a test runner and a page in a browser run the same list. */
import { VaultFailure, type VaultStorage, type VaultWrite } from '../../client/ports/vault.ts';

/** `open` opens the same disk again and again, like a second process or tab; the disk is empty at first. */
export type Disk = { open(): VaultStorage | Promise<VaultStorage> };
export type ContractCase = { name: string; run(disk: Disk): Promise<void> };

function check(holds: boolean, what: string): asserts holds {
  if (!holds) throw new Error(what);
}

function text(value: Uint8Array | undefined): string | undefined {
  return value && [...value].join();
}

function same(actual: unknown, expected: unknown, what: string): void {
  const [is, should] = [JSON.stringify(actual), JSON.stringify(expected)];
  check(is === should, `${what}: ${is}, expected ${should}`);
}

async function refusal(run: () => Promise<unknown>): Promise<string> {
  try {
    await run();
  } catch (error) {
    if (error instanceof VaultFailure) return error.code;
    throw error;
  }
  return 'nothing refused';
}

const put = (key: string, ...bytes: number[]): VaultWrite => ({ table: 'records', key, value: Uint8Array.from(bytes) });
const remove = (key: string): VaultWrite => ({ table: 'records', key, value: null });

export const VAULT_STORAGE_CONTRACT: ContractCase[] = [
  {
    name: 'is empty at first',
    async run(disk) {
      const storage = await disk.open();
      same(await storage.readAll('records'), [], 'records');
      check((await storage.read('header', 'header')) === undefined, 'no header');
      same((await storage.readMany('segments', ['a', 'b'])).length, 2, 'one answer a key');
    },
  },
  {
    name: 'gives back what was committed, also to who opens it later',
    async run(disk) {
      const storage = await disk.open();
      const epoch = await storage.claim();
      await storage.commit(epoch, [put('b', 2), put('a', 1, 0, 255), put('empty')]);
      storage.close();
      const again = await disk.open();
      const rows = await again.readAll('records');
      same(
        rows.map(([key, value]) => [key, text(value)]),
        [
          ['a', '1,0,255'],
          ['b', '2'],
          ['empty', ''],
        ],
        'rows in the order of keys',
      );
      same((await again.readMany('records', ['empty', 'nobody', 'a'])).map(text), ['', undefined, '1,0,255'], 'in the order asked');
      same(text(await again.read('records', 'b')), '2', 'one row');
    },
  },
  {
    name: 'keeps tables apart',
    async run(disk) {
      const storage = await disk.open();
      const value = Uint8Array.of(1);
      await storage.commit(await storage.claim(), [{ table: 'header', key: 'a', value }]);
      check((await storage.read('records', 'a')) === undefined && (await storage.read('segments', 'a')) === undefined, 'other tables');
      same((await storage.readAll('records')).length + (await storage.readAll('segments')).length, 0, 'rows of other tables');
    },
  },
  {
    name: 'lets the later write to a key win, and deletes',
    async run(disk) {
      const storage = await disk.open();
      const epoch = await storage.claim();
      await storage.commit(epoch, [put('a', 1), put('a', 2), put('b', 1), remove('b'), remove('c'), put('c', 3)]);
      same((await storage.readMany('records', ['a', 'b', 'c'])).map(text), ['2', undefined, '3'], 'after one commit');
      await storage.commit(epoch, [remove('a'), remove('never there')]);
      same(
        (await storage.readAll('records')).map(([key]) => key),
        ['c'],
        'after the second',
      );
    },
  },
  {
    name: 'takes a copy of the bytes and gives copies',
    async run(disk) {
      const storage = await disk.open();
      const value = Uint8Array.of(1, 2, 3);
      await storage.commit(await storage.claim(), [{ table: 'records', key: 'a', value: value.subarray(1, 2) as Uint8Array<ArrayBuffer> }]);
      value.fill(9);
      const read = await storage.read('records', 'a');
      same(text(read), '2', 'a view is stored as itself alone');
      read?.fill(7);
      same(text(await storage.read('records', 'a')), '2', 'what was read is not what is stored');
    },
  },
  {
    name: 'holds large values',
    async run(disk) {
      const storage = await disk.open();
      const value = Uint8Array.from({ length: 1_000_000 }, (_, index) => index % 251);
      await storage.commit(await storage.claim(), [{ table: 'segments', key: 'large', value }]);
      const read = await storage.read('segments', 'large');
      check(read?.length === value.length && read.every((byte, index) => byte === value[index]), 'a million bytes');
    },
  },
  {
    name: 'raises the epoch at every claim and refuses commits of earlier ones, whole',
    async run(disk) {
      const old = await disk.open();
      const oldEpoch = await old.claim();
      await old.commit(oldEpoch, [put('a', 1)]);
      const storage = await disk.open();
      const epoch = await storage.claim();
      check(epoch > oldEpoch, 'higher than before');
      same(await refusal(() => old.commit(oldEpoch, [put('a', 2), put('b', 2)])), 'not-owner', 'the old owner');
      same(await refusal(() => storage.commit(epoch + 1, [put('a', 3)])), 'not-owner', 'an epoch nobody claimed');
      same(
        (await storage.readAll('records')).map(([key, value]) => [key, text(value)]),
        [['a', '1']],
        'nothing written',
      );
      await storage.commit(epoch, [put('a', 4)]);
      same(text(await old.read('records', 'a')), '4', 'both see the owner’s write');
    },
  },
  {
    name: 'gives concurrent claims different epochs, of which the highest owns',
    async run(disk) {
      const storages = await Promise.all(Array.from({ length: 4 }, () => disk.open()));
      const epochs = await Promise.all(storages.map((storage) => storage.claim()));
      same(new Set(epochs).size, 4, 'different');
      const results = await Promise.all(
        epochs.map((epoch, index) => refusal(() => (storages[index] as VaultStorage).commit(epoch, [put('a', 1)]))),
      );
      const owner = epochs.indexOf(Math.max(...epochs));
      same(
        results,
        epochs.map((_, index) => (index === owner ? 'nothing refused' : 'not-owner')),
        'one owner',
      );
    },
  },
  {
    name: 'erases everything but the epoch',
    async run(disk) {
      const storage = await disk.open();
      const epoch = await storage.claim();
      await storage.commit(epoch, [put('a', 1), { table: 'header', key: 'h', value: Uint8Array.of(1) }]);
      await storage.destroy();
      same((await storage.readAll('records')).length + (await storage.readAll('header')).length, 0, 'rows');
      same(await refusal(() => storage.commit(epoch, [put('a', 1)])), 'not-owner', 'who owned it before');
      check((await storage.claim()) > epoch, 'rises further');
    },
  },
  {
    name: 'refuses everything after close, which may be called twice',
    async run(disk) {
      const storage = await disk.open();
      const epoch = await storage.claim();
      storage.close();
      storage.close();
      same(await refusal(() => storage.commit(epoch, [put('a', 1)])), 'storage', 'commit');
      same(await refusal(() => storage.read('records', 'a')), 'storage', 'read');
      same(await refusal(() => storage.claim()), 'storage', 'claim');
      same(await (await disk.open()).readAll('records'), [], 'nothing written');
    },
  },
];
