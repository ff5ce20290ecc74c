/** Everything a relay's database holds, as a thief would read it. `node test/support/dump-database.ts <data folder>` prints it. */
import { join } from 'node:path';
import SqliteDatabase from 'better-sqlite3';

export type DumpedValue = string | number | Uint8Array | null;
export type DumpedRow = Record<string, DumpedValue>;
export type DumpedTable = { name: string; columns: string[]; rows: DumpedRow[] };

/** The database may be in use; what was committed is seen, the journal's part too. */
export function dumpDatabase(dataDir: string): DumpedTable[] {
  const database = new SqliteDatabase(join(dataDir, 'relay.sqlite'), { readonly: true });
  try {
    const names = database.prepare<[], { name: string }>("SELECT name FROM sqlite_schema WHERE type = 'table' ORDER BY name").all();
    return names.map(({ name }) => {
      const statement = database.prepare<[], DumpedRow>(`SELECT * FROM "${name}"`);
      return { name, columns: statement.columns().map((column) => column.name), rows: statement.all() };
    });
  } finally {
    database.close();
  }
}

/** All that D7 admits. Whoever adds a column answers for it here. */
const ADMITTED_COLUMNS: Record<string, readonly string[]> = {
  admin_log: ['row', 'hour', 'act', 'target', 'by'],
  accounts: ['row', 'account_id', 'username', 'role', 'genesis', 'list_version', 'disabled', 'delivery_verifier'],
  bodies: ['row', 'envelope_id', 'digest', 'expires_hour', 'recipients', 'body'],
  device_lists: ['account', 'version', 'entry'],
  devices: ['row', 'account', 'device_id', 'login_key', 'record', 'record_sequence', 'revoked'],
  group_entries: ['row', 'group_log', 'version', 'entry'],
  group_logs: ['row', 'group_id', 'access_key', 'version', 'size'],
  invites: ['row', 'id', 'code_hash', 'uses_left', 'expires_hour', 'makes_admin', 'created_by'],
  mailboxes: ['device', 'last_sequence', 'acknowledged'],
  one_time_prekeys: ['device', 'id', 'public_key'],
  retired: ['digest'],
  rotations: ['account', 'version', 'entry'],
  sqlite_sequence: ['name', 'seq'],
  waiting: ['device', 'sequence', 'body', 'size'],
};

/** `table.column` of everything that is not admitted. */
export function beyondAdmitted(tables: readonly DumpedTable[]): string[] {
  return tables.flatMap(({ name, columns }) =>
    columns.filter((column) => !ADMITTED_COLUMNS[name]?.includes(column)).map((column) => `${name}.${column}`),
  );
}

/** `table.column` of every value that contains these bytes: as bytes, and in text also as base64url or hexadecimal. */
export function placesOf(tables: readonly DumpedTable[], needle: Uint8Array): string[] {
  const bytes = Buffer.from(needle);
  const texts = [bytes.toString('utf8'), bytes.toString('base64url'), bytes.toString('hex')];
  function contains(value: DumpedValue): boolean {
    if (value instanceof Uint8Array) return Buffer.from(value).includes(bytes) || texts.some((text) => Buffer.from(value).includes(text));
    return typeof value === 'string' && texts.some((text) => value.includes(text));
  }
  const places = tables.flatMap(({ name, columns, rows }) =>
    columns.filter((column) => rows.some((row) => contains(row[column] ?? null))).map((column) => `${name}.${column}`),
  );
  return [...new Set(places)];
}

function printable(value: DumpedValue): DumpedValue {
  return value instanceof Uint8Array ? Buffer.from(value).toString('base64url') : value;
}

if (import.meta.main) {
  for (const { name, rows } of dumpDatabase(process.argv[2] ?? './data')) {
    console.log(`${name}: ${rows.length}`);
    for (const row of rows)
      console.log(JSON.stringify(Object.fromEntries(Object.entries(row).map(([key, value]) => [key, printable(value)]))));
  }
}
