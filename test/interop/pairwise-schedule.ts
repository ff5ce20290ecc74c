/**
 * A random conversation over a bad network, with the answer both libraries must give to each delivery. The model is small: a message is
 * accepted once; a second time it is a duplicate while its receiving chain is remembered; a changed one is never accepted.
 *
 * Bounds on which the libraries differ are kept out here and measured in pairwise-limits.ts: what Signal's library would have forgotten, five
 * receiving chains later, counts as lost. Where both sides start at once chains belong to several sessions, which the model does not
 * follow: a message is overtaken by four at most there, and a duplicate need only be refused.
 */
import { type Choices, choicesFrom } from './choices.ts';
import type { Expectation } from './tally.ts';

const SIGNAL_CHAINS = 5;

export type Side = 'a' | 'b';

export type PairwiseStep = { send: Side } | { deliver: number; expected: Expectation; changed?: number };

export type PairwiseSchedule = { starts: readonly Side[]; oneTime: boolean; steps: readonly PairwiseStep[] };

type Sent = { from: Side; chain: number; read: boolean; overtakable: number };
type Device = { chain: number | null; known: number[]; read: number };

const otherSide = (side: Side): Side => (side === 'a' ? 'b' : 'a');
const STARTS: readonly (readonly Side[])[] = [['a'], ['b'], ['a', 'b']];
const MAX_OVERTAKEN = SIGNAL_CHAINS - 1;

function conversation(choices: Choices, starts: readonly Side[]): PairwiseStep[] {
  const steps: PairwiseStep[] = [];
  const sent: Sent[] = [];
  const flying: number[] = [];
  const devices: Record<Side, Device> = { a: { chain: null, known: [], read: 0 }, b: { chain: null, known: [], read: 0 } };
  let chains = 0;
  for (const side of starts) devices[side].chain = chains++;
  const both = starts.length === 2;
  const [loss, again, change] = [choices.below(30), choices.below(30), choices.below(15)];
  const depth = choices.of([1, 2, 5, 40]);
  const wanted = 8 + choices.below(24);

  function send(side: Side): void {
    const { chain } = devices[side];
    if (chain === null) return;
    flying.push(sent.push({ from: side, chain, read: false, overtakable: devices[otherSide(side)].read + MAX_OVERTAKEN }) - 1);
    steps.push({ send: side });
  }

  const isForgotten = ({ known, read }: Device, { chain, overtakable }: Sent): boolean =>
    both ? read > overtakable : known.includes(chain) && !known.slice(-SIGNAL_CHAINS).includes(chain);

  function deliver(number: number): void {
    const message = sent[number] as Sent;
    const to = devices[otherSide(message.from)];
    const forgotten = isForgotten(to, message);
    if (choices.percent(change)) steps.push({ deliver: number, expected: 'not accepted', changed: choices.below(1_000) });
    if (message.read) {
      steps.push({ deliver: number, expected: both || forgotten ? 'not accepted' : 'duplicate' });
    } else if (!forgotten) {
      message.read = true;
      to.read += 1;
      if (!to.known.includes(message.chain)) {
        to.known.push(message.chain);
        to.chain = chains++;
      }
      steps.push({ deliver: number, expected: 'accepted' });
    }
  }

  while (sent.length < wanted || flying.length > 0) {
    if (sent.length < wanted && (flying.length === 0 || choices.percent(50))) {
      const side = choices.of(['a', 'b'] as const);
      for (let left = choices.percent(10) ? choices.below(12) : 1; left > 0; left--) send(side);
    } else {
      const [number] = flying.splice(choices.below(Math.min(depth, flying.length)), 1);
      if (number !== undefined && !choices.percent(loss)) deliver(number);
    }
    if (sent.length > 0 && choices.percent(again)) {
      const number = choices.below(sent.length);
      if (sent[number]?.read) deliver(number);
    }
  }
  return steps;
}

export function pairwiseSchedule(seed: string): PairwiseSchedule {
  const choices = choicesFrom(seed);
  const starts = choices.of(STARTS);
  return { starts, oneTime: choices.percent(50), steps: conversation(choices, starts) };
}

/** One line: `a` sends, `3` arrives, `3=` arrives and is a duplicate, `3!` is refused, `3~7!` is changed at its 7th place first. */
export function writtenOut({ starts, oneTime, steps }: PairwiseSchedule): string {
  const mark = { accepted: '', duplicate: '=', refused: '!', 'not accepted': '!' };
  const words = steps.map((step) =>
    'send' in step ? step.send : `${step.deliver}${step.changed === undefined ? '' : `~${step.changed}`}${mark[step.expected]}`,
  );
  return `${starts.join('+')} start${oneTime ? '' : ' without one-time prekey'}: ${words.join(' ')}`;
}
