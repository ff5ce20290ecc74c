/**
 * Steps of the vault's schema, oldest first; the schema's number is the count of steps plus one. A step is never changed or removed once
 * released. Records are changed all at once when a vault of an older schema is opened, in one commit; messages when they are read, and
 * on disk when they are next written.
 */
export type MigrationRecords = {
  entries(store: string): [name: string, value: unknown][];
  put(store: string, name: string, value: unknown): void;
  delete(store: string, name: string): void;
};

export type Migration = {
  records?(records: MigrationRecords): void;
  /** Keeps `id` and `from`. */
  message?(message: unknown): unknown;
};

export const MIGRATIONS: readonly Migration[] = [];

export function schemaAfter(migrations: readonly Migration[]): number {
  return migrations.length + 1;
}

export function migrateMessage(migrations: readonly Migration[], from: number, message: unknown): unknown {
  let value = message;
  for (const step of migrations.slice(from - 1)) value = step.message ? step.message(value) : value;
  return value;
}
