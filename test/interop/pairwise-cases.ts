/** Handshakes of every kind, each followed by a long conversation, and what a first message of ours looks like to Signal's library. */
import { type Bytes, peekFirst } from '../../crypto/index.ts';
import { strangers } from './pairwise.ts';
import type { Side } from './pairwise-schedule.ts';
import type { Peer } from './peer.ts';
import { check, checkReceived } from './tally.ts';

const TURNS = 200;
const STARTS: readonly (readonly Side[])[] = [['a'], ['b'], ['a', 'b']];

async function tell(from: Peer, to: Peer, text: string, where: string): Promise<Bytes> {
  const message = await from.send(text);
  checkReceived(`${where}, "${text}"`, await to.receive(message), 'accepted', text);
  return message;
}

async function converse(seed: number, starts: readonly Side[], oneTime: boolean): Promise<void> {
  const where = `${starts.map((side) => (side === 'a' ? 'we' : 'they')).join(' and ')} start, one-time prekey: ${oneTime}`;
  const { ours, signal } = await strangers(`${seed}/${where}`);
  const people = { a: ours, b: signal };
  const bundles = { a: ours.bundle(oneTime ? 1 : 0), b: signal.bundle(oneTime ? 1 : 0) };
  for (const side of starts) await people[side].start(side === 'a' ? bundles.b : bundles.a);
  // Before anybody has read anything: all of these are first messages.
  const early: { from: Side; message: Bytes; text: string }[] = [];
  for (const from of starts) {
    for (const text of [`first of ${from}`, `second of ${from}`]) {
      const message = await people[from].send(text);
      const named = peekFirst(message)?.oneTimePrekeyId;
      check(message[0] === 1 && (named === 1) === oneTime, () => `${where}: the first message names ${named}`);
      early.push({ from, text, message: message });
    }
  }
  for (const { from, message, text } of early) {
    checkReceived(where, await people[from === 'a' ? 'b' : 'a'].receive(message), 'accepted', text);
  }
  for (let turn = 0; turn < TURNS; turn++) {
    const [from, to] = turn % 2 ? [ours, signal] : [signal, ours];
    // One may speak who has been spoken to.
    if (turn === 0 && starts.length === 1 && starts[0] === 'a') await tell(ours, signal, 'third', where);
    let last: Bytes | undefined;
    for (let part = 0; part <= turn % 3; part++) last = await tell(from, to, `turn ${turn}.${part}`, where);
    if (turn > 1) check(last?.[0] === 2, () => `${where}, turn ${turn}: still a first message`);
    if (last && turn % 10 === 0) checkReceived(`${where}, turn ${turn} again`, await to.receive(last), 'duplicate', '');
  }
  if (oneTime) for (const { from, message } of early) await refusedAfterwards(people[from === 'a' ? 'b' : 'a'], message, where);
}

async function refusedAfterwards(to: Peer, message: Bytes, where: string): Promise<void> {
  checkReceived(`${where}: a first message comes again after ${TURNS} turns`, await to.receive(message), 'not accepted', '');
}

/** A stranger's bundle under a false signature starts no session on either side. */
async function falseSignature(seed: number): Promise<void> {
  for (const who of ['ours', 'signal'] as const) {
    const pair = await strangers(`${seed}/false signature`);
    const bundle = (who === 'ours' ? pair.signal : pair.ours).bundle(1);
    const signature = bundle.signedPrekey.signature.map((byte, at) => (at === 10 ? byte ^ 4 : byte));
    const started = await pair[who].start({ ...bundle, signedPrekey: { ...bundle.signedPrekey, signature } }).then(
      () => true,
      () => false,
    );
    check(!started, () => `${who} started a session under a false signature`);
  }
}

export async function pairwiseCases(seed: number): Promise<void> {
  for (const starts of STARTS) for (const oneTime of [true, false]) await converse(seed, starts, oneTime);
  await falseSignature(seed);
}
