/**
 * Times stand in whole hours since 1970, and only where something runs out. A device's row number is never used again (AUTOINCREMENT):
 * tokens and remembered envelopes name it. `waiting` is indexed by (device, sequence) beside an integer row: four times the inserts a
 * second of a table ordered by device. The cursors in `mailboxes` stand apart from the large records in `devices`, as they are written
 * with every envelope. One body serves all recipients and goes with the last of them.
 */
export const first = [
  `CREATE TABLE accounts (
    row INTEGER PRIMARY KEY, account_id TEXT NOT NULL UNIQUE, username TEXT NOT NULL UNIQUE,
    role TEXT NOT NULL, genesis BLOB NOT NULL, list_version INTEGER NOT NULL
  ) STRICT`,
  `CREATE TABLE device_lists (
    account INTEGER NOT NULL REFERENCES accounts (row), version INTEGER NOT NULL, entry BLOB NOT NULL, PRIMARY KEY (account, version)
  ) STRICT, WITHOUT ROWID`,
  `CREATE TABLE rotations (
    account INTEGER NOT NULL REFERENCES accounts (row), version INTEGER NOT NULL, entry BLOB NOT NULL, PRIMARY KEY (account, version)
  ) STRICT, WITHOUT ROWID`,
  `CREATE TABLE devices (
    row INTEGER PRIMARY KEY AUTOINCREMENT, account INTEGER NOT NULL REFERENCES accounts (row), device_id INTEGER NOT NULL,
    login_key BLOB, record BLOB, record_sequence INTEGER NOT NULL,
    UNIQUE (account, device_id)
  ) STRICT`,
  `CREATE TABLE mailboxes (
    device INTEGER PRIMARY KEY REFERENCES devices (row), last_sequence INTEGER NOT NULL, acknowledged INTEGER NOT NULL
  ) STRICT`,
  `CREATE TABLE one_time_prekeys (
    device INTEGER NOT NULL REFERENCES devices (row), id INTEGER NOT NULL, public_key BLOB NOT NULL, PRIMARY KEY (device, id)
  ) STRICT, WITHOUT ROWID`,
  `CREATE TABLE bodies (
    row INTEGER PRIMARY KEY, envelope_id BLOB NOT NULL, digest BLOB NOT NULL, expires_hour INTEGER NOT NULL, body BLOB NOT NULL
  ) STRICT`,
  'CREATE INDEX bodies_by_envelope_id ON bodies (envelope_id)',
  `CREATE TABLE waiting (
    row INTEGER PRIMARY KEY, device INTEGER NOT NULL, sequence INTEGER NOT NULL, body INTEGER NOT NULL, size INTEGER NOT NULL
  ) STRICT`,
  'CREATE UNIQUE INDEX waiting_by_device ON waiting (device, sequence)',
  'CREATE INDEX waiting_by_body ON waiting (body)',
  `CREATE TABLE group_logs (
    row INTEGER PRIMARY KEY, group_id TEXT NOT NULL UNIQUE, access_key BLOB NOT NULL, version INTEGER NOT NULL, size INTEGER NOT NULL
  ) STRICT`,
  `CREATE TABLE group_entries (
    row INTEGER PRIMARY KEY, group_log INTEGER NOT NULL REFERENCES group_logs (row), version INTEGER NOT NULL, entry BLOB NOT NULL,
    UNIQUE (group_log, version)
  ) STRICT`,
  `CREATE TABLE invites (
    row INTEGER PRIMARY KEY, id BLOB NOT NULL UNIQUE, code_hash BLOB NOT NULL UNIQUE, uses_left INTEGER NOT NULL, expires_hour INTEGER,
    makes_admin INTEGER NOT NULL, created_by INTEGER REFERENCES accounts (row)
  ) STRICT`,
];
