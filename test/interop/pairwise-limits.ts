/**
 * The edges of a session, each reached by messages of the other library. Where the two differ by decision both edges are asserted in
 * figures, so that a change of either is noticed.
 *
 * Not compared: skipped keys that die after 33 days and are at most 4,000 a session here, of which Signal's library knows nothing; and its
 * own staleness of a session unanswered for 30 days, which is a matter of its clock and not of any message.
 */
import { type Bytes, MAX_SKIPPED_KEYS } from '../../crypto/index.ts';
import { strangers } from './pairwise.ts';
import type { Peer, Verdict } from './peer.ts';
import { checkReceived } from './tally.ts';

type Reader = 'ours' | 'signal';

// A late message of one's own chain, by number, where nothing of the chain was read before; chains newer than its own; sessions newer than
// its own. Our reasons stand in crypto/limits.ts.
const LAST_ACCEPTED: Record<Reader, { number: number; newerChains: number; newerSessions: number }> = {
  ours: { number: 1_999, newerChains: 10, newerSessions: 10 },
  signal: { number: 25_000, newerChains: 4, newerSessions: 40 },
};

type Pair = { reader: Peer; writer: Peer };

/** A session that the writer started and both have used; the writer is in a fresh chain. */
async function acquainted(seed: string, reader: Reader): Promise<Pair> {
  const { ours, signal } = await strangers(seed);
  const pair = reader === 'ours' ? { reader: ours, writer: signal } : { reader: signal, writer: ours };
  await pair.writer.start(pair.reader.bundle(1));
  await turn(pair, 'there');
  await turn({ reader: pair.writer, writer: pair.reader }, 'and back');
  return pair;
}

async function turn({ reader, writer }: Pair, text: string): Promise<void> {
  checkReceived(`a turn of ${text}`, await reader.receive(await writer.send(text)), 'accepted', text);
}

async function stream(writer: Peer, count: number): Promise<Bytes[]> {
  const messages: Bytes[] = [];
  for (let number = 0; number < count; number++) messages.push(await writer.send(String(number)));
  return messages;
}

/** We count the jump from the last message read, Signal's library from the next one expected: number 1,999 is our 2,000th message. */
async function jump(seed: number, reader: Reader): Promise<void> {
  const pair = await acquainted(`${seed}/jump/${reader}`, reader);
  const edge = LAST_ACCEPTED[reader].number;
  const messages = await stream(pair.writer, edge + 3);
  const read = async (number: number, expected: Verdict): Promise<void> => {
    const got = await pair.reader.receive(messages[number] as Bytes);
    checkReceived(`${reader} reads number ${number} of ${messages.length}`, got, expected, String(number));
  };
  await read(edge + 1, 'refused');
  await read(edge, 'accepted');
  await read(edge, 'duplicate');
  await read(edge + 2, 'accepted');
}

/** 2,001 messages skipped in two jumps: the oldest key is dropped, the second oldest kept, by both. */
async function skipped(seed: number, reader: Reader): Promise<void> {
  const pair = await acquainted(`${seed}/skipped/${reader}`, reader);
  const messages = await stream(pair.writer, MAX_SKIPPED_KEYS + 3);
  const order: readonly (readonly [number, Verdict])[] = [
    [1_500, 'accepted'],
    [MAX_SKIPPED_KEYS + 2, 'accepted'],
    [0, 'duplicate'],
    [1, 'accepted'],
    [1, 'duplicate'],
    [MAX_SKIPPED_KEYS + 1, 'accepted'],
  ];
  for (const [number, expected] of order) {
    const got = await pair.reader.receive(messages[number] as Bytes);
    checkReceived(`${reader} reads skipped number ${number}`, got, expected, String(number));
  }
}

/** A message that comes so many receiving chains late. */
async function oldChain(seed: number, reader: Reader, newer: number, expected: Verdict): Promise<void> {
  const pair = await acquainted(`${seed}/old chain/${reader}`, reader);
  const late = await pair.writer.send('late');
  await turn(pair, 'the same chain');
  for (let chain = 0; chain < newer; chain++) {
    await turn({ reader: pair.writer, writer: pair.reader }, 'back');
    await turn(pair, 'a newer chain');
  }
  checkReceived(`${reader} reads a message ${newer} chains old`, await pair.reader.receive(late), expected, 'late');
}

/** A message of a session that was begun anew so many times since. */
async function archived(seed: number, reader: Reader, newer: number, expected: Verdict): Promise<void> {
  const pair = await acquainted(`${seed}/archived/${reader}`, reader);
  const late = await pair.writer.send('late');
  await turn(pair, 'the same session');
  for (let session = 0; session < newer; session++) {
    await pair.writer.start(pair.reader.bundle(0));
    await turn(pair, 'a newer session');
  }
  checkReceived(`${reader} reads a message ${newer} sessions old`, await pair.reader.receive(late), expected, 'late');
}

export async function pairwiseLimits(seed: number): Promise<void> {
  for (const reader of ['ours', 'signal'] as const) {
    await jump(seed, reader);
    await skipped(seed, reader);
    const { newerChains, newerSessions } = LAST_ACCEPTED[reader];
    await oldChain(seed, reader, newerChains, 'accepted');
    await oldChain(seed, reader, newerChains + 1, 'refused');
    await archived(seed, reader, newerSessions, 'accepted');
    await archived(seed, reader, newerSessions + 1, 'refused');
  }
}
