/**
 * What whoever runs the relay may do to it. `retired` holds keyed digests of names and account ids that are never given out again: a name
 * that came back could pass for the person who had it. `admin_log` is by the hour, as every time here, and names nobody.
 */
export const admin = [
  'ALTER TABLE accounts ADD COLUMN disabled INTEGER NOT NULL DEFAULT 0',
  'ALTER TABLE devices ADD COLUMN revoked INTEGER NOT NULL DEFAULT 0',
  'CREATE TABLE retired (digest BLOB PRIMARY KEY) STRICT, WITHOUT ROWID',
  `CREATE TABLE admin_log (
    row INTEGER PRIMARY KEY AUTOINCREMENT, hour INTEGER NOT NULL, act TEXT NOT NULL, target TEXT, by TEXT NOT NULL
  ) STRICT`,
];
