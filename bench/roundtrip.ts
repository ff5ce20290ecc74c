/**
 * How long a message and its answer take: A writes, B has it in his vault and answers, the answer is in A's vault. Two engines, each with
 * its vault in SQLite on disk, and the relay a process of its own. Receipts and everything else that people have switched on run along.
 */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { openSqliteVault } from '../client/adapters/sqlite-vault.ts';
import { acquaint, type Person, peopleAt } from '../test/support/engine-person.ts';
import { startRelay } from '../test/support/relay.ts';
import type { Bench } from './report.ts';

const WARM_UP_ROUNDS = 30;
const ROUNDS = 400;

function percentile(sorted: readonly number[], share: number): number {
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? Number.NaN;
}

/** Answers every text as soon as it is stored. */
function echo(person: Person, to: string): () => void {
  return person.messenger.subscribe((event) => {
    if (event.type !== 'messages') return;
    for (const { mine, body } of event.messages) if (!mine && body.kind === 'text') void person.say(to, body.text);
  });
}

async function oneRound(a: Person, b: string, text: string): Promise<number> {
  const { promise, resolve } = Promise.withResolvers<void>();
  const stop = a.messenger.subscribe((event) => {
    if (event.type !== 'messages') return;
    if (event.messages.some(({ mine, body }) => !mine && body.kind === 'text' && body.text === text)) resolve();
  });
  const start = performance.now();
  await a.say(b, text);
  await promise;
  stop();
  return performance.now() - start;
}

export const roundtrip: Bench = async (progress) => {
  const folder = mkdtempSync(join(tmpdir(), 'sottovoce-roundtrip-'));
  const relay = await startRelay({ env: { SOTTOVOCE_RATE_FACTOR: '1000' } });
  try {
    progress('two accounts sign up');
    const people = await peopleAt(relay, ['anna', 'bert'], (name) => ({ storage: openSqliteVault(join(folder, name)) }));
    const [anna, bert] = people as [Person, Person];
    await acquaint(anna, bert);
    const stop = echo(bert, anna.me().accountId);
    const b = bert.me().accountId;
    for (let round = 0; round < WARM_UP_ROUNDS; round++) await oneRound(anna, b, `warm ${round}`);
    progress(`${ROUNDS} messages and answers`);
    const times: number[] = [];
    for (let round = 0; round < ROUNDS; round++) times.push(await oneRound(anna, b, `round ${round}`));
    stop();
    for (const person of people) await person.close();
    times.sort((x, y) => x - y);
    return [
      { name: 'roundtrip_p50_ms', value: percentile(times, 0.5), unit: 'ms', atMost: 20 },
      { name: 'roundtrip_p99_ms', value: percentile(times, 0.99), unit: 'ms', atMost: 60 },
    ];
  } finally {
    await relay.stop();
    rmSync(folder, { recursive: true, force: true });
  }
};
