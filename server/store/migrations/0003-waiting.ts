/**
 * Fewer trees to write for an envelope: what waits is one tree ordered by mailbox, and a body itself lists the devices that have not
 * acknowledged it (their rows, four bytes each), which says when it can go, and that an envelope handed in again is known.
 */
export const waiting = [
  `CREATE TABLE new_bodies (
    row INTEGER PRIMARY KEY, envelope_id BLOB NOT NULL, digest BLOB NOT NULL, expires_hour INTEGER NOT NULL, recipients BLOB NOT NULL,
    body BLOB NOT NULL
  ) STRICT`,
  // Four bytes of each row number, big-endian: SQLite has no such function, but it can write hexadecimal.
  `INSERT INTO new_bodies SELECT row, envelope_id, digest, expires_hour,
    unhex((SELECT group_concat(printf('%08X', device), '') FROM waiting WHERE body = bodies.row)), body
    FROM bodies WHERE EXISTS (SELECT 1 FROM waiting WHERE body = bodies.row)`,
  `CREATE TABLE new_waiting (
    device INTEGER NOT NULL, sequence INTEGER NOT NULL, body INTEGER NOT NULL, size INTEGER NOT NULL, PRIMARY KEY (device, sequence)
  ) STRICT, WITHOUT ROWID`,
  'INSERT INTO new_waiting SELECT device, sequence, body, size FROM waiting ORDER BY device, sequence',
  'DROP TABLE waiting',
  'DROP TABLE bodies',
  'ALTER TABLE new_bodies RENAME TO bodies',
  'ALTER TABLE new_waiting RENAME TO waiting',
  'CREATE INDEX bodies_by_envelope_id ON bodies (envelope_id)',
];
