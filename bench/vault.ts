/** A vault of 100,000 messages: how long until it is open, a page is read, a message is kept, an old one is found. */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { nodePrimitives } from '../client/adapters/node-primitives.ts';
import { openSqliteVault } from '../client/adapters/sqlite-vault.ts';
import { createVault, openVault, type Vault } from '../client/messenger/vault/vault.ts';
import { installPrimitives } from '../crypto/index.ts';
import type { Bench, Figure } from './report.ts';

const MESSAGES = 100_000;
const CONVERSATIONS = 20;
const PER_COMMIT = 1_000;
const REPEATS = 50;
const PASSPHRASE = 'a bench of one hundred thousand';

type Row = { id: string; from: string; text: string; sentAt: number; receivedAt: number; status: string };

function randomBytes(length: number): Uint8Array<ArrayBuffer> {
  return crypto.getRandomValues(new Uint8Array(length));
}

function rowOf(number: number): Row {
  const text = `Message ${number}: about as long as what people write to each other when they make plans for an evening.`;
  return {
    id: `${number}`.padStart(22, '0'),
    from: 'a'.repeat(43),
    text,
    sentAt: 1_700_000_000_000 + number,
    receivedAt: 1_700_000_000_500 + number,
    status: 'read',
  };
}

async function milliseconds(run: () => Promise<unknown>): Promise<number> {
  const start = performance.now();
  await run();
  return performance.now() - start;
}

async function median(run: (round: number) => Promise<unknown>): Promise<number> {
  const times: number[] = [];
  for (let round = 0; round < REPEATS; round++) times.push(await milliseconds(() => run(round)));
  return times.sort((a, b) => a - b)[REPEATS / 2] as number;
}

async function fill(vault: Vault<Row>): Promise<void> {
  for (let start = 0; start < MESSAGES; start += PER_COMMIT) {
    await vault.commit((tx) => {
      for (let number = start; number < start + PER_COMMIT; number++)
        tx.messages.append(`conversation ${number % CONVERSATIONS}`, rowOf(number));
    });
  }
}

async function measure(file: string, progress: (line: string) => void): Promise<Figure[]> {
  const filling = openSqliteVault(file);
  progress(`writing ${MESSAGES} messages`);
  const fillMs = await milliseconds(async () => fill(await createVault<Row>(filling, PASSPHRASE, randomBytes)));
  filling.close();

  progress('opening');
  const storage = openSqliteVault(file);
  let vault: Vault<Row> | undefined;
  const openMs = await milliseconds(async () => {
    vault = await openVault<Row>(storage, PASSPHRASE, randomBytes);
  });
  const { messages, commit } = vault as Vault<Row>;

  progress('reading and appending');
  const each = MESSAGES / CONVERSATIONS;
  const lastPageMs = await median((round) => messages.page(`conversation ${round % CONVERSATIONS}`, undefined, 50));
  const oldPageMs = await median((round) => messages.page(`conversation ${round % CONVERSATIONS}`, each / 2 - round * 60, 50));
  const firstFindMs = await milliseconds(() => messages.find('conversation 7', rowOf(7).id));
  const appendMs = await median((round) => commit((tx) => tx.messages.append('conversation 0', rowOf(MESSAGES + round))));
  const scanMs = await milliseconds(async () => {
    for (let number = 0; number < CONVERSATIONS; number++) {
      for await (const batch of messages.scan(`conversation ${number}`)) batch.filter(({ message }) => message.text.includes('evening 99'));
    }
  });
  storage.close();
  return [
    { name: 'vault_open_100k_ms', value: openMs, unit: 'ms' },
    { name: 'vault_last_page_ms', value: lastPageMs, unit: 'ms' },
    { name: 'vault_old_page_ms', value: oldPageMs, unit: 'ms' },
    { name: 'vault_first_find_ms', value: firstFindMs, unit: 'ms' },
    { name: 'vault_append_ms', value: appendMs, unit: 'ms' },
    { name: 'vault_scan_100k_ms', value: scanMs, unit: 'ms' },
    { name: 'vault_fill_messages_per_s', value: MESSAGES / (fillMs / 1_000), unit: '1/s' },
  ];
}

export const vault: Bench = async (progress) => {
  await installPrimitives(nodePrimitives);
  const folder = await mkdtemp(join(tmpdir(), 'sottovoce-bench-'));
  try {
    return await measure(join(folder, 'vault.db'), progress);
  } finally {
    await rm(folder, { recursive: true });
  }
};
