/** The small records: all of them in memory while the vault is open. */
import type { VaultStorage, VaultWrite } from '../../ports/vault.ts';
import { Failure } from '../api.ts';
import { freeze } from './codec.ts';
import { type Migration, schemaAfter } from './migrations.ts';
import type { Sealer } from './seal.ts';
import { type Records, recordsOf } from './store.ts';

const VAULT_STORE = '@vault';
const SCHEMA_RECORD = 'schema';

/** A change of one record; `undefined` deletes. */
export type RecordChange = { store: string; name: string; value: unknown };

function recordName(sealer: Sealer, store: string, name: string): string {
  return sealer.nameOf('record', store, name);
}

export function sealRecordChanges(sealer: Sealer, changes: Iterable<RecordChange>): Promise<VaultWrite[]> {
  return Promise.all(
    [...changes].map(async ({ store, name, value }): Promise<VaultWrite> => {
      const key = recordName(sealer, store, name);
      return { table: 'records', key, value: value === undefined ? null : await sealer.seal('records', key, [store, name, value]) };
    }),
  );
}

export function applyRecordChanges(records: Records, changes: Iterable<RecordChange>): void {
  for (const { store, name, value } of changes) {
    if (value === undefined) recordsOf(records, store).delete(name);
    else recordsOf(records, store).set(name, value);
  }
}

export function schemaRecord(migrations: readonly Migration[]): RecordChange {
  return { store: VAULT_STORE, name: SCHEMA_RECORD, value: schemaAfter(migrations) };
}

export async function loadRecords(storage: VaultStorage, sealer: Sealer): Promise<Records> {
  const rows = await storage.readAll('records');
  const records: Records = new Map();
  // The name in storage is bound as AAD: what opens here is what was written under this store and name.
  const opened = await Promise.all(rows.map(([key, stored]) => sealer.open('records', key, stored)));
  for (const { value } of opened) {
    if (!Array.isArray(value) || value.length !== 3) throw new Failure('damaged');
    const [store, name, inner] = value as [string, string, unknown];
    recordsOf(records, store).set(name, freeze(inner));
  }
  return records;
}

/** What brings records of an older schema to today's; empty when they are. */
export function migrateRecords(loaded: Records, migrations: readonly Migration[]): RecordChange[] {
  const schema = recordsOf(loaded, VAULT_STORE).get(SCHEMA_RECORD);
  if (typeof schema !== 'number' || schema < 1) throw new Failure('damaged');
  // Written by a later build: guessing at it could lose what it added.
  if (schema > schemaAfter(migrations)) throw new Failure('unsupported');
  if (schema === schemaAfter(migrations)) return [];
  const records: Records = new Map([...loaded].map(([store, entries]) => [store, new Map(entries)]));
  const changes = new Map<string, RecordChange>();
  function change(one: RecordChange): void {
    applyRecordChanges(records, [one]);
    changes.set(`${one.store}\0${one.name}`, one);
  }
  for (const step of migrations.slice(schema - 1)) {
    step.records?.({
      entries: (store) => [...recordsOf(records, store)],
      put: (store, name, value) => change({ store, name, value: freeze(value) }),
      delete: (store, name) => change({ store, name, value: undefined }),
    });
  }
  change(schemaRecord(migrations));
  return [...changes.values()];
}
