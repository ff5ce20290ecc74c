import SqliteDatabase from 'better-sqlite3';
import { expect, test } from 'vitest';
import { encodeFrame } from '../../server/protocol/frame-encoder.ts';
import { deviceRows } from '../../server/store/device-rows.ts';
import { migrate } from '../../server/store/migrations/migrate.ts';
import { prepare } from '../../server/store/query.ts';
import { packRows } from '../../server/store/recipient-rows.ts';
import { sqliteMailbox } from '../../server/store/sqlite-mailbox.ts';

// Two pages of ids and the beginning of a third, many of them the same where a page ends.
const WAITING = 20_100;
const SAME = { from: 9_950, to: 10_050 };
const DEVICE = 1;
const ACCOUNT = Buffer.alloc(32, 1).toString('base64url');
const DIGEST = new Uint8Array(32).fill(7);

function idOf(index: number): Uint8Array<ArrayBuffer> {
  const number = index >= SAME.from && index < SAME.to ? SAME.from : index;
  const id = new Uint8Array(16);
  // Rising, so that it is known where a page ends, and different in all the bits that a filter looks at.
  for (const offset of [0, 4, 8, 12]) new DataView(id.buffer).setUint32(offset, number);
  return id;
}

/** `run` hears every statement that runs once it is filled. */
function filled(run: (sql: string) => void = () => undefined): SqliteDatabase.Database {
  let full = false;
  const database = new SqliteDatabase(':memory:', { verbose: (sql) => full && run(String(sql)) });
  migrate(database, { before: () => undefined });
  database.pragma('foreign_keys = OFF');
  const body = database.prepare('INSERT INTO bodies (envelope_id, digest, expires_hour, recipients, body) VALUES (?, ?, 1, ?, ?)');
  const recipients = packRows([DEVICE]);
  database.transaction(() => {
    for (let index = 0; index < WAITING; index++) body.run(idOf(index), DIGEST, recipients, new Uint8Array(1));
    database
      .prepare("INSERT INTO accounts (account_id, username, role, genesis, list_version) VALUES (?, 'anna', 'member', x'', 1)")
      .run(ACCOUNT);
    database.prepare('INSERT INTO devices (row, account, device_id, record_sequence) VALUES (?, 1, 1, 1)').run(DEVICE);
  })();
  full = true;
  return database;
}

function opened(database: SqliteDatabase.Database) {
  const prepared = prepare(database);
  return sqliteMailbox(database, prepared, deviceRows(prepared), { maxEnvelopes: 1e6, maxBytes: 1e9 });
}

test('R6: after a start the relay knows every envelope that waits, also where many bear one id', async () => {
  const database = filled();
  const { store } = opened(database);
  const recipients = [{ accountId: ACCOUNT, deviceId: 1, listVersion: 1, deliveryToken: undefined }];
  const submissionOf = (index: number) => ({
    frame: encodeFrame({ type: 'submit', requestId: 1, envelopeId: idOf(index), recipients, body: new Uint8Array(2_048) }),
    digest: DIGEST,
  });
  const indexes = [0, 1, SAME.from - 1, SAME.from, SAME.to - 1, SAME.to, 19_999, 20_000, WAITING - 1, WAITING];
  const results = await store.submit(indexes.map(submissionOf), { calendar: 0, monotonic: 0 });
  expect(results.map((result) => result.accepted && result.placed.length)).toEqual([...indexes.slice(0, -1).map(() => 0), 1]);
  database.close();
});

test('R6: at a start ids are read from their index, and no body is', () => {
  const ran: string[] = [];
  const database = filled((sql) => void ran.push(sql));
  opened(database);
  // Two whole pages and what is left; the same ids at the end of a page are not read again.
  expect(ran).toHaveLength(3);
  for (const sql of [...ran]) {
    const plan = database.prepare<[], { detail: string }>(`EXPLAIN QUERY PLAN ${sql}`).all();
    expect(plan.map(({ detail }) => detail)).toEqual(['SEARCH bodies USING COVERING INDEX bodies_by_envelope_id (envelope_id>?)']);
  }
  database.close();
});
