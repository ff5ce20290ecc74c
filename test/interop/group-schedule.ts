/**
 * What a sender of a group writes and what of it reaches a receiver, in which order, how often; with the answer every receiver must give.
 * The model: a chain is known from its distribution on, five at most, the one distributed last in front; a message of a known chain is
 * accepted once and not when it is older than the distribution. All items are small enough to stay inside the bounds of group-limits.ts.
 */
import { MAX_SENDER_KEY_STATES } from '../../crypto/index.ts';
import { type Choices, choicesFrom } from './choices.ts';
import type { Expectation } from './tally.ts';

export type GroupStep = 'renew' | 'distribute' | 'send' | { deliver: number; expected: Expectation | 'distribution'; changed?: number };

type Item = { kind: 'distribution' | 'message'; chain: number; iteration: number };
type State = { chain: number; from: number; read: Set<number> };

function expectation(states: State[], item: Item): Expectation | 'distribution' {
  const at = states.findIndex(({ chain }) => chain === item.chain);
  const state = states[at];
  if (item.kind === 'distribution') {
    const [known] = at === -1 ? [] : states.splice(at, 1);
    states.unshift(known ?? { chain: item.chain, from: item.iteration, read: new Set() });
    states.length = Math.min(states.length, MAX_SENDER_KEY_STATES);
    return 'distribution';
  }
  if (!state) return 'refused';
  if (item.iteration < state.from || state.read.has(item.iteration)) return 'duplicate';
  state.read.add(item.iteration);
  return 'accepted';
}

function broadcast(choices: Choices): GroupStep[] {
  const steps: GroupStep[] = [];
  const items: Item[] = [];
  const flying: number[] = [];
  const states: State[] = [];
  let [chain, iteration] = [0, 0];
  const [loss, again, change, renew] = [choices.below(30), choices.below(30), choices.below(15), choices.of([0, 2, 15])];
  const depth = choices.of([1, 3, 10, 60]);
  const wanted = 10 + choices.below(30);

  function put(kind: Item['kind']): void {
    steps.push(kind === 'message' ? 'send' : 'distribute');
    flying.push(items.push({ kind, chain, iteration: kind === 'message' ? iteration++ : iteration }) - 1);
  }

  function deliver(number: number): void {
    const item = items[number] as Item;
    if (item.kind === 'message' && choices.percent(change)) {
      steps.push({ deliver: number, expected: 'not accepted', changed: choices.below(10_000) });
    }
    steps.push({ deliver: number, expected: expectation(states, item) });
  }

  put('distribution');
  while (items.length < wanted || flying.length > 0) {
    if (items.length < wanted && (flying.length === 0 || choices.percent(50))) {
      if (choices.percent(renew)) {
        steps.push('renew');
        [chain, iteration] = [chain + 1, 0];
        put('distribution');
      } else if (choices.percent(6)) put('distribution');
      else for (let left = choices.percent(10) ? choices.below(10) : 1; left > 0; left--) put('message');
    } else {
      const [number] = flying.splice(choices.below(Math.min(depth, flying.length)), 1);
      if (number !== undefined && !choices.percent(loss)) deliver(number);
    }
    // Also what was lost, and distributions: an old one must not rewind a chain.
    if (choices.percent(again)) deliver(choices.below(items.length));
  }
  return steps;
}

export const groupSchedule = (seed: string): readonly GroupStep[] => broadcast(choicesFrom(seed));

/** `renew`, `dist` and `send` number what follows; `3` arrives, `3=` is a duplicate, `3!` is refused, `3~7!` is changed at its 7th place first. */
export function writtenOut(steps: readonly GroupStep[]): string {
  const mark = { accepted: '', distribution: '', duplicate: '=', refused: '!', 'not accepted': '!' };
  const word = { renew: 'renew', distribute: 'dist', send: 'send' };
  return steps
    .map((step) =>
      typeof step === 'string'
        ? word[step]
        : `${step.deliver}${step.changed === undefined ? '' : `~${step.changed}`}${mark[step.expected]}`,
    )
    .join(' ');
}
