/** Schedules of pairwise-schedule.ts with ours on one side and Signal's library on the other, and then the other way round. */
import { accountIdFromBytes, type Bytes } from '../../crypto/index.ts';
import { seededRandom } from '../support/seeded-random.ts';
import { LAST_WITH_X3DH, loadLibsignal } from './libsignal.ts';
import { ourPeer } from './our-peer.ts';
import { type PairwiseSchedule, pairwiseSchedule, type Side, writtenOut } from './pairwise-schedule.ts';
import type { Peer } from './peer.ts';
import { signalPeer } from './signal-pairwise.ts';
import { checkReceived, guarded } from './tally.ts';

const library = loadLibsignal(LAST_WITH_X3DH);

/** One of each, strangers yet. */
export async function strangers(seed: string): Promise<{ ours: Peer; signal: Peer }> {
  const random = seededRandom(seed);
  const address = { accountId: accountIdFromBytes(random(32)), deviceId: 1 };
  return { ours: await ourPeer(address, random), signal: signalPeer(library, address) };
}

const textOf = (number: number): string => `message ${number} ${'é'.repeat((number * 37) % 120)}`;

/** One bit of ratchet key, counters, ciphertext or MAC. Signal's library ends a first message with ids outside the MAC: those are spared. */
function changed(message: Bytes, place: number): Bytes {
  const from = Math.floor(message.length / 2);
  const end = message.length - (message[0] === 1 ? 8 : 0);
  const out = message.slice();
  const at = from + (place % (end - from));
  out[at] = (out[at] as number) ^ (1 << (place % 8));
  return out;
}

async function follow({ starts, oneTime, steps }: PairwiseSchedule, people: Record<Side, Peer>, where: string): Promise<void> {
  const bundles = { a: people.a.bundle(oneTime ? 1 : 0), b: people.b.bundle(oneTime ? 1 : 0) };
  for (const side of starts) await people[side].start(side === 'a' ? bundles.b : bundles.a);
  const sent: { to: Side; message: Bytes }[] = [];
  for (const [at, step] of steps.entries()) {
    if ('send' in step) {
      sent.push({ to: step.send === 'a' ? 'b' : 'a', message: await people[step.send].send(textOf(sent.length)) });
      continue;
    }
    const { to, message } = sent[step.deliver] as { to: Side; message: Bytes };
    const bytes = step.changed === undefined ? message : changed(message, step.changed);
    const got = await people[to].receive(bytes);
    if (!checkReceived(`${where}, step ${at}, ${to} receives ${step.deliver}`, got, step.expected, textOf(step.deliver))) return;
  }
}

/** Stops at a schedule's first mismatch: what follows would only repeat it. */
export async function pairwiseSchedules(seed: number, count: number): Promise<void> {
  for (let index = 0; index < count; index++) {
    const schedule = pairwiseSchedule(`${seed}/pairwise/${index}`);
    for (const we of ['a', 'b'] as const) {
      const { ours, signal } = await strangers(`${seed}/keys/${index}`);
      const people = we === 'a' ? { a: ours, b: signal } : { a: signal, b: ours };
      const where = `--seed ${seed}, pairwise schedule ${index}, we are ${we}: ${writtenOut(schedule)}\n       `;
      await guarded(where, () => follow(schedule, people, where));
    }
  }
}
