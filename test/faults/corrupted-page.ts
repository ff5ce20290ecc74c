import { strict as assert } from 'node:assert';
import { generateKeyPairSync } from 'node:crypto';
import { chmodSync, cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync, truncateSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import SqliteDatabase from 'better-sqlite3';
import type { Chance } from '../fuzz/chance.ts';
import { login, type RelayDevice, registerMany } from '../support/relay-device.ts';
import { connect } from '../support/relay-socket.ts';
import { startRelay } from '../support/relay.ts';
import { sender } from './load.ts';
import { type MailboxModel, mailboxModel } from './model.ts';
import { type Part, type Tools, until, WIDE_RATES } from './part.ts';
import { tryStart } from './try-start.ts';

const DEVICES = 3;
const ENVELOPES = 300;
const FLIPS = 10;
const PAGE_BYTES = 4_096;

/** Two folders with the same accounts and envelopes: of a relay that was stopped, and of one that was killed with all in its journal. */
type Stock = { folder: string; devices: RelayDevice[]; model: MailboxModel };

/** `must`: what R30 wants; `either` where the relay may serve what is whole. */
type Case = { name: string; base: 'stopped' | 'killed'; must: 'serve' | 'refuse' | 'either'; damage(dataDir: string): void };

async function stockUp(chance: Chance, folder: string): Promise<Stock> {
  const dataDir = join(folder, 'work');
  const relay = await startRelay({ dataDir, env: WIDE_RATES });
  const devices = (await registerMany(relay.origin, relay.firstInvite ?? '', DEVICES)).map(({ device }) => device);
  const model = mailboxModel(DEVICES);
  // Device 0 writes to the others, who are away.
  const writer = sender(
    { chance, origin: relay.origin, devices, model },
    0,
    () => model.envelopes.size < ENVELOPES,
    () => undefined,
  );
  const life = writer.live();
  await until('envelopes are accepted', () => model.accepted() >= ENVELOPES);
  await relay.kill('SIGKILL');
  await life;
  cpSync(dataDir, join(folder, 'killed'), { recursive: true });
  await relay.restart();
  await relay.kill('SIGTERM');
  cpSync(dataDir, join(folder, 'stopped'), { recursive: true });
  return { folder, devices, model };
}

function change(path: string, edit: (bytes: Buffer) => Uint8Array): void {
  writeFileSync(path, edit(readFileSync(path)));
}

/** Some bytes in the middle get others. */
function flip(chance: Chance, at: (length: number) => number, atMost: number) {
  return (bytes: Buffer): Buffer => {
    const from = at(bytes.length);
    for (let i = from; i < Math.min(bytes.length, from + 1 + chance.below(atMost)); i++)
      bytes[i] = (bytes[i] ?? 0) ^ (1 + chance.below(255));
    return bytes;
  };
}

function cases(chance: Chance): Case[] {
  const database = (dataDir: string) => join(dataDir, 'relay.sqlite');
  const journal = (dataDir: string) => join(dataDir, 'relay.sqlite-wal');
  const key = (dataDir: string) => join(dataDir, 'relay.key');
  const middle = (length: number) => Math.floor(length / 10) + chance.below(Math.floor((length * 8) / 10));
  const pageStart = (length: number) => (1 + chance.below(length / PAGE_BYTES - 1)) * PAGE_BYTES;
  const inFile =
    (edit: (bytes: Buffer) => Uint8Array, file = database) =>
    (dataDir: string) =>
      change(file(dataDir), edit);
  const otherKey = generateKeyPairSync('x25519').privateKey.export({ type: 'pkcs8', format: 'pem' });

  const flips = Array.from({ length: FLIPS }, (_, i): Case[] => [
    { name: `flipped bytes ${i}`, base: 'stopped', must: 'either', damage: inFile(flip(chance, middle, 64)) },
    { name: `a damaged page ${i}`, base: 'stopped', must: 'either', damage: inFile(flip(chance, pageStart, 16)) },
    { name: `a damaged journal ${i}`, base: 'killed', must: 'either', damage: inFile(flip(chance, middle, 64), journal) },
  ]).flat();
  return [
    { name: 'nothing', base: 'stopped', must: 'serve', damage: () => undefined },
    { name: 'nothing, after a kill', base: 'killed', must: 'serve', damage: () => undefined },
    ...flips,
    { name: 'half a database', base: 'stopped', must: 'refuse', damage: inFile((bytes) => bytes.subarray(0, bytes.length / 2)) },
    { name: 'a database cut inside a page', base: 'stopped', must: 'either', damage: inFile((bytes) => bytes.subarray(0, -1_000)) },
    {
      name: 'a file that is no database',
      base: 'stopped',
      must: 'refuse',
      damage: inFile(() => Buffer.from('Dear diary, today '.repeat(500))),
    },
    { name: 'an empty database', base: 'stopped', must: 'refuse', damage: (dataDir) => truncateSync(database(dataDir)) },
    {
      name: 'a journal of noise',
      base: 'stopped',
      must: 'serve',
      damage: (dataDir) => writeFileSync(journal(dataDir), chance.bytes(50_000)),
    },
    { name: 'an empty journal', base: 'stopped', must: 'serve', damage: (dataDir) => writeFileSync(journal(dataDir), '') },
    {
      name: 'data of a newer relay',
      base: 'stopped',
      must: 'refuse',
      damage(dataDir) {
        const opened = new SqliteDatabase(database(dataDir));
        opened.pragma('user_version = 99');
        opened.close();
      },
    },
    { name: 'a key that is gone', base: 'stopped', must: 'refuse', damage: (dataDir) => rmSync(key(dataDir)) },
    { name: 'a database that is gone', base: 'stopped', must: 'refuse', damage: (dataDir) => rmSync(database(dataDir)) },
    { name: 'a key of noise', base: 'stopped', must: 'refuse', damage: (dataDir) => writeFileSync(key(dataDir), chance.bytes(119)) },
    { name: 'an empty key', base: 'stopped', must: 'refuse', damage: (dataDir) => truncateSync(key(dataDir)) },
    { name: 'a key for something else', base: 'stopped', must: 'refuse', damage: (dataDir) => writeFileSync(key(dataDir), otherKey) },
    {
      name: 'a folder for a key',
      base: 'stopped',
      must: 'refuse',
      damage(dataDir) {
        rmSync(key(dataDir));
        mkdirSync(key(dataDir));
      },
    },
    // Root reads everything.
    {
      name: 'a key that may not be read',
      base: 'stopped',
      must: process.getuid?.() === 0 ? 'either' : 'refuse',
      damage: (dataDir) => chmodSync(key(dataDir), 0),
    },
    {
      name: 'a lock of noise',
      base: 'stopped',
      must: 'refuse',
      damage: (dataDir) => writeFileSync(join(dataDir, 'relay.lock'), chance.bytes(8_192)),
    },
  ];
}

/** What waits, read to its end by everybody who can log in. The model refuses other bytes, other ids and another order. */
async function readEverything(origin: string, { devices, model }: Stock): Promise<number> {
  const fresh = mailboxModel(DEVICES);
  for (const envelope of model.envelopes.values()) fresh.envelopes.set(envelope.id, envelope);
  for (const [index, device] of devices.entries()) {
    const inbox = fresh.inboxes[index];
    const token = await login(origin, device).catch((error: Error) => assert.match(error.message, /: \d\d\d \w+$/));
    if (!inbox || !token) continue;
    const socket = await connect(origin, token);
    for (let frame = await socket.next(); frame.type !== 'drained'; frame = await socket.next()) {
      if (frame.type !== 'deliver') continue;
      inbox.delivered(frame);
      inbox.acknowledge(frame.sequence);
      socket.send({ type: 'ack', sequence: frame.sequence });
    }
    await socket.close();
  }
  return fresh.missing().length;
}

/** Files that a disk or a person spoilt: the relay serves what is whole, or ends with one sentence that says what to do. */
async function run({ chance, progress, fault }: Tools): Promise<void> {
  const folder = mkdtempSync(join(tmpdir(), 'sottovoce-damage-'));
  try {
    const stock = await stockUp(chance, folder);
    const dataDir = join(folder, 'work');
    const sentences = new Set<string>();
    let [served, refused] = [0, 0];
    for (const { name, base, must, damage } of cases(chance)) {
      rmSync(dataDir, { recursive: true, force: true });
      cpSync(join(folder, base), dataDir, { recursive: true });
      damage(dataDir);
      if (name.startsWith('nothing')) assert.equal(must, 'serve');
      else fault();
      try {
        const { relay, sentence } = await tryStart(dataDir);
        const missing = relay ? await readEverything(relay.origin, stock).finally(() => relay.kill('SIGKILL')) : 0;
        if (relay) served += 1;
        else refused += 1;
        if (sentence) {
          assert.match(sentence, /backup|delete|newer|Choose/, 'what to do');
          sentences.add(sentence.replaceAll(dataDir, '…'));
        }
        if (must === 'serve') assert.deepEqual([sentence, missing], [undefined, 0]);
        if (must === 'refuse') assert.ok(sentence, 'it served');
      } catch (error) {
        throw new Error(`${name}: ${error instanceof Error ? error.message : String(error)}`, { cause: error });
      }
    }
    for (const sentence of sentences) progress(`"${sentence}"`);
    progress(`${served} served what was whole, ${refused} refused to start`);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

export const corruptedPage: Part = { name: 'corrupted-page', run };
