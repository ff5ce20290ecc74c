/**
 * The sealed vault of one account (DESIGN D9). How to use it:
 *
 *   const sessions = defineStore<SessionRecord>('sessions');          // once, beside the type; T is plain values (codec.ts)
 *   const vault = await openVault<Message>(storage, passphrase, random);
 *   vault.store(sessions).get(name)                                   // a ReadonlyMap, in memory, synchronous
 *   const position = await vault.commit((tx) => {                     // may be async; sees its own changes
 *     tx.put(sessions, name, { ...tx.get(sessions, name), session });
 *     return tx.messages.append(conversationId, message);
 *   });
 *
 * - A commit is all or nothing: sealed, written by one storage commit, and only then in memory. When `build` or the write throws, memory
 *   and disk are as before. Commits run one after the other; `build` must not await another commit.
 * - Values are taken over and frozen. A new state is a new object; the bytes inside are not to be written to.
 * - `createVault` writes nothing until the first commit, which makes header and content in one: there is no vault without its account.
 * - Failures: wrong-passphrase · damaged · unsupported (a later build's schema) · owned-elsewhere (a later owner) · locked (after `close`)
 *   · broken (a fault of the caller or of the medium).
 */
import type { Bytes, RandomBytes } from '../../../crypto/index.ts';
import { VaultFailure, type VaultStorage, type VaultWrite } from '../../ports/vault.ts';
import { Failure } from '../api.ts';
import { encodeHeader, HEADER_KEY, isPassphraseWrap, parseHeader } from './header.ts';
import { createReadWriteLock } from './lock.ts';
import { planMessages } from './message-changes.ts';
import { createMessageDisk } from './message-disk.ts';
import type { StoredMessage } from './message-units.ts';
import { createMessageReader, type MessageReader } from './messages.ts';
import { MIGRATIONS, type Migration, schemaAfter } from './migrations.ts';
import { applyRecordChanges, loadRecords, migrateRecords, type RecordChange, schemaRecord, sealRecordChanges } from './records.ts';
import { createSealer, type Sealer } from './seal.ts';
import { type Records, recordsOf, type StoreOf } from './store.ts';
import { type Changes, createTransaction, type Transaction } from './transaction.ts';
import { unwrapVaultKey, wrapVaultKey } from './wrap.ts';

const VAULT_KEY_BYTES = 32;
/** Conversation → the next position on disk. */
const HEADS_STORE = '@messages';

export type Vault<M extends StoredMessage> = {
  store<T>(store: StoreOf<T>): ReadonlyMap<string, T>;
  readonly messages: MessageReader<M>;
  commit<R>(build: (transaction: Transaction<M>) => R | Promise<R>): Promise<R>;
  /** After the commits begun before: forgets keys and caches. The storage stays open. */
  close(): Promise<void>;
};

type VaultParts = {
  storage: VaultStorage;
  epoch: number;
  sealer: Sealer;
  migrations: readonly Migration[];
  records: Records;
  first: VaultWrite[];
};

async function asFailures<R>(run: () => R | Promise<R>): Promise<R> {
  try {
    return await run();
  } catch (error) {
    if (error instanceof VaultFailure) throw new Failure(error.code === 'not-owner' ? 'owned-elsewhere' : 'broken');
    throw error;
  }
}

function vaultOf<M extends StoredMessage>({ storage, epoch, sealer, migrations, records, first }: VaultParts): Vault<M> {
  const lock = createReadWriteLock();
  const disk = createMessageDisk<M>(storage, sealer, migrations);
  let toWriteFirst = first;
  let queue: Promise<unknown> = Promise.resolve();
  let closed = false;

  const view = {
    disk,
    stored: (conversationId: string) => (recordsOf(records, HEADS_STORE).get(conversationId) as number | undefined) ?? 0,
    read: <R>(run: () => Promise<R>) =>
      asFailures(() => {
        if (closed) throw new Failure('locked');
        return lock.read(run);
      }),
  };

  async function flush(changes: Changes<M>): Promise<void> {
    const recordChanges: RecordChange[] = [...changes.records.values()];
    const plans = [];
    for (const [conversationId, change] of changes.conversations) {
      plans.push(await planMessages(disk, conversationId, change));
      if (change.next !== change.before || change.dropped) {
        recordChanges.push({ store: HEADS_STORE, name: conversationId, value: change.next || undefined });
      }
    }
    const sealed = await Promise.all([sealRecordChanges(sealer, recordChanges), ...plans.map(({ writes }) => Promise.all(writes))]);
    const writes = [...toWriteFirst, ...sealed.flat()];
    if (writes.length === 0) return;
    await storage.commit(epoch, writes);
    toWriteFirst = [];
    applyRecordChanges(records, recordChanges);
    for (const plan of plans) plan.apply();
  }

  async function commit<R>(build: (transaction: Transaction<M>) => R | Promise<R>): Promise<R> {
    if (closed) throw new Failure('locked');
    const { transaction, changes, end } = createTransaction<M>(records, view);
    try {
      const result = await build(transaction);
      end();
      await asFailures(() => lock.write(() => flush(changes)));
      return result;
    } finally {
      end();
    }
  }

  return {
    store: <T>(store: StoreOf<T>) => recordsOf(records, store.name) as ReadonlyMap<string, T>,
    messages: createMessageReader<M>({ ...view, change: () => undefined }),
    commit(build) {
      const result = queue.then(() => commit(build));
      queue = result.catch(() => undefined);
      return result;
    },
    close() {
      const closing = queue.then(() =>
        lock.write(async () => {
          closed = true;
          sealer.forget();
          disk.clear();
          for (const one of records.values()) one.clear();
        }),
      );
      queue = closing;
      return closing;
    },
  };
}

/** Whether there is a vault to open. */
export function vaultExists(storage: VaultStorage): Promise<boolean> {
  return asFailures(async () => (await storage.read('header', HEADER_KEY)) !== undefined);
}

export function createVault<M extends StoredMessage>(
  storage: VaultStorage,
  passphrase: string,
  random: RandomBytes,
  migrations: readonly Migration[] = MIGRATIONS,
): Promise<Vault<M>> {
  return asFailures(async () => {
    // Over another vault its records would never open again.
    if (await vaultExists(storage)) throw new Failure('broken');
    const vaultKey: Bytes = random(VAULT_KEY_BYTES);
    const header = encodeHeader([await wrapVaultKey(vaultKey, passphrase, random)]);
    const sealer = createSealer(vaultKey, schemaAfter(migrations), random);
    const schema = schemaRecord(migrations);
    const records: Records = new Map();
    applyRecordChanges(records, [schema]);
    const first: VaultWrite[] = [{ table: 'header', key: HEADER_KEY, value: header }, ...(await sealRecordChanges(sealer, [schema]))];
    return vaultOf<M>({ storage, epoch: await storage.claim(), sealer, migrations, records, first });
  });
}

export function openVault<M extends StoredMessage>(
  storage: VaultStorage,
  passphrase: string,
  random: RandomBytes,
  migrations: readonly Migration[] = MIGRATIONS,
): Promise<Vault<M>> {
  return asFailures(async () => {
    const header = await storage.read('header', HEADER_KEY);
    if (!header) throw new Failure('wiped');
    const wrap = parseHeader(header).find(isPassphraseWrap);
    if (!wrap) throw new Failure('unsupported');
    const sealer = createSealer(await unwrapVaultKey(wrap, passphrase), schemaAfter(migrations), random);
    // Only who has the passphrase takes the ownership; from here on nobody else changes what is loaded.
    const epoch = await storage.claim();
    const records = await loadRecords(storage, sealer);
    const changes = migrateRecords(records, migrations);
    if (changes.length > 0) await storage.commit(epoch, await sealRecordChanges(sealer, changes));
    applyRecordChanges(records, changes);
    return vaultOf<M>({ storage, epoch, sealer, migrations, records, first: [] });
  });
}
