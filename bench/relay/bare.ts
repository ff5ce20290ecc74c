/**
 * The bare harness, in a process of its own: `ws` and better-sqlite3 doing the commits the relay does (the same tables and pragmas, one
 * transaction a turn of the event loop for what came in, acknowledgements gathered for 20 ms) and nothing else: no login, no schema, no rate
 * limit, no digest, no recognition of what was sent twice. What the relay is slower than this, its protocol costs.
 * `node bench/relay/bare.ts FOLDER` prints its port.
 */
import type { Socket } from 'node:net';
import { join } from 'node:path';
import SqliteDatabase from 'better-sqlite3';
import { type WebSocket, WebSocketServer } from 'ws';
import { corkedUntilTick } from './adapter.ts';
import { BARE } from './bare-wire.ts';

const ACKNOWLEDGE_AFTER_MS = 20;
const PAGE = 64;
const EXPIRES_HOUR = 500_000;
const MAX_BACKLOG_BYTES = 1_048_576;

type Device = { sequence: number; send?: ((bytes: Buffer) => void) | undefined; behind: boolean };
type Queued = { from: Device; to: number; body: Buffer };

const database = new SqliteDatabase(join(process.argv[2] ?? '.', 'bare.sqlite'));
// What measured fastest for rows of 2 KiB, of which a page of 4 KiB takes one; and as safe: docs/bench.md.
database.pragma('page_size = 16384');
database.pragma('cache_size = -65536');
database.pragma('wal_autocheckpoint = 4000');
database.pragma('journal_mode = WAL');
database.pragma('synchronous = FULL');
database.pragma('secure_delete = ON');
// The relay's tables of an envelope as they were when this was written: a yardstick does not move with what it measures.
database.exec(`
  CREATE TABLE mailboxes (device INTEGER PRIMARY KEY, last_sequence INTEGER NOT NULL, acknowledged INTEGER NOT NULL) STRICT;
  CREATE TABLE bodies (
    row INTEGER PRIMARY KEY, envelope_id BLOB NOT NULL, digest BLOB NOT NULL, expires_hour INTEGER NOT NULL, body BLOB NOT NULL
  ) STRICT;
  CREATE INDEX bodies_by_envelope_id ON bodies (envelope_id);
  CREATE TABLE waiting (
    row INTEGER PRIMARY KEY, device INTEGER NOT NULL, sequence INTEGER NOT NULL, body INTEGER NOT NULL, size INTEGER NOT NULL
  ) STRICT;
  CREATE UNIQUE INDEX waiting_by_device ON waiting (device, sequence);
  CREATE INDEX waiting_by_body ON waiting (body);
`);

const insertMailbox = database.prepare('INSERT OR IGNORE INTO mailboxes (device, last_sequence, acknowledged) VALUES (?, 0, 0)');
const setLastSequence = database.prepare('UPDATE mailboxes SET last_sequence = ? WHERE device = ?');
const setAcknowledged = database.prepare('UPDATE mailboxes SET acknowledged = ? WHERE device = ?');
const insertBody = database.prepare('INSERT INTO bodies (envelope_id, digest, expires_hour, body) VALUES (?, ?, ?, ?)');
const insertWaiting = database.prepare('INSERT INTO waiting (device, sequence, body, size) VALUES (?, ?, ?, ?)');
const deleteUpTo = database.prepare<[number, number], { body: number }>(
  'DELETE FROM waiting WHERE device = ? AND sequence <= ? RETURNING body',
);
const deleteBody = database.prepare('DELETE FROM bodies WHERE row = ? AND NOT EXISTS (SELECT row FROM waiting WHERE body = ?)');
const page = database.prepare<[number, number, number], { sequence: number; body: Buffer }>(
  'SELECT w.sequence, b.body FROM waiting w JOIN bodies b ON b.row = w.body WHERE w.device = ? AND w.sequence > ? ORDER BY w.sequence LIMIT ?',
);

const devices = new Map<number, Device>();
let queue: Queued[] = [];
let acknowledged = new Map<number, number>();
const ACCEPTED = Buffer.of(BARE.accepted);

function deviceOf(number: number): Device {
  let device = devices.get(number);
  if (!device) {
    insertMailbox.run(number);
    device = { sequence: 0, behind: false };
    devices.set(number, device);
  }
  return device;
}

function deliver(device: Device, sequence: number, body: Buffer): void {
  const frame = Buffer.allocUnsafe(9 + body.length);
  frame[0] = BARE.deliver;
  frame.writeDoubleBE(sequence, 1);
  body.copy(frame, 9);
  device.send?.(frame);
}

const commit = database.transaction((batch: readonly Queued[]): number[] => {
  const touched = new Set<number>();
  const sequences = batch.map(({ to, body }) => {
    const device = deviceOf(to);
    device.sequence += 1;
    // The id and the digest are pieces of the body, which is random.
    const row = insertBody.run(body.subarray(16, 32), body.subarray(32, 64), EXPIRES_HOUR, body).lastInsertRowid;
    insertWaiting.run(to, device.sequence, row, body.length);
    touched.add(to);
    return device.sequence;
  });
  for (const to of touched) setLastSequence.run(deviceOf(to).sequence, to);
  return sequences;
});

function flush(): void {
  const batch = queue;
  queue = [];
  const sequences = commit.immediate(batch);
  batch.forEach(({ from, to, body }, index) => {
    from.send?.(ACCEPTED);
    const device = deviceOf(to);
    if (!device.behind) deliver(device, sequences[index] as number, body);
  });
}

const forget = database.transaction((batch: ReadonlyMap<number, number>) => {
  for (const [device, upTo] of batch) {
    for (const { body } of deleteUpTo.all(device, upTo)) deleteBody.run(body, body);
    setAcknowledged.run(upTo, device);
  }
});

function acknowledge(device: number, upTo: number): void {
  if (acknowledged.size === 0) {
    setTimeout(() => {
      const batch = acknowledged;
      acknowledged = new Map();
      forget.immediate(batch);
    }, ACKNOWLEDGE_AFTER_MS);
  }
  acknowledged.set(device, upTo);
}

/** Page after page from the disk until nothing is left, then straight from the submissions. */
function catchUp(number: number, device: Device, socket: WebSocket, after: number): void {
  if (socket.readyState !== socket.OPEN) return;
  if (socket.bufferedAmount > MAX_BACKLOG_BYTES) return void setTimeout(() => catchUp(number, device, socket, after), 1);
  const rows = page.all(number, after, PAGE);
  for (const { sequence, body } of rows) deliver(device, sequence, body);
  if (rows.length < PAGE) device.behind = false;
  else setImmediate(() => catchUp(number, device, socket, rows.at(-1)?.sequence ?? after));
}

const server = new WebSocketServer({ host: '127.0.0.1', port: 0, perMessageDeflate: false });
server.on('connection', (socket, request) => {
  const cork = corkedUntilTick(request.socket as Socket);
  let number = 0;
  let device: Device | undefined;
  socket.on('message', (data) => {
    const frame = data as Buffer;
    if (frame[0] === BARE.hello) {
      number = frame.readUInt32BE(1);
      device = deviceOf(number);
      device.behind = true;
      device.send = (bytes) => {
        cork();
        socket.send(bytes);
      };
      catchUp(number, device, socket, 0);
    } else if (frame[0] === BARE.submit && device) {
      if (queue.length === 0) setImmediate(flush);
      queue.push({ from: device, to: frame.readUInt32BE(1), body: frame.subarray(5) });
    } else if (frame[0] === BARE.ack) acknowledge(number, frame.readDoubleBE(1));
  });
  socket.on('close', () => {
    if (device) device.send = undefined;
    if (device) device.behind = true;
  });
});
server.on('listening', () => {
  const address = server.address();
  console.log(typeof address === 'object' ? address?.port : '');
});
process.once('disconnect', () => process.exit(0));
