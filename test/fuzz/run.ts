import type { Bytes } from '../../crypto/index.ts';
import { seededRandom } from '../support/seeded-random.ts';
import { largestAllocation } from './allocations.ts';
import { type Chance, chanceOf } from './chance.ts';
import { nextInput } from './mutate.ts';
import { type Ready, same, type Target } from './target.ts';

export type Finding = { target: string; seed: string; what: string; hex: string };
export type Outcome = { inputs: number; accepted: number; finding: Finding | null };

export type RunOptions = {
  seed: string;
  inputs: number;
  /** Asked after each input: false ends the run. */
  goOn?: (input: Bytes) => boolean;
  /** Told before each input, so that a hang can be blamed. */
  before?: (input: Bytes) => void;
};

// More than any decoder needs of its own accord (72 kB for skipped keys of one chain) and far below what a length field can claim.
const ROOM_BYTES = 1_048_576;
// An output may be somewhat larger than its input: base64, padding, a copy with its head.
const ROOM_PER_INPUT_BYTE = 4;

const RECHECK_EVERY = 1_000;

function describe(error: unknown): string {
  return error instanceof Error ? `${error.name}: ${error.message}\n${error.stack ?? ''}` : String(error);
}

type Verdict = { accepted: boolean; what: string | null };

/** What is wrong with this input, or null. */
async function judge(target: Target, ready: Ready, copies: readonly Uint8Array[], input: Bytes): Promise<Verdict> {
  const before = input.slice();
  let accepted = true;
  let what: string | null = null;
  largestAllocation();
  try {
    await ready.feed(input);
  } catch (error) {
    accepted = false;
    if (!target.isRefusal(error)) what = describe(error);
  }
  const room = largestAllocation();
  if (room > ROOM_BYTES + ROOM_PER_INPUT_BYTE * input.length) what ??= `asks for ${room} bytes at once`;
  if (!same(input, before)) what ??= 'changes its input';
  if (copies.some((copy, i) => !same(copy, (ready.held ?? [])[i] as Uint8Array))) what ??= 'changes a value it was given';
  return { accepted, what };
}

/** The same failure with fewer bytes, by cutting from the end and then from within. */
async function smallest(target: Target, seed: string, input: Bytes, what: string): Promise<Bytes> {
  const kind = what.split('\n')[0];
  let least = input;
  async function fails(candidate: Bytes): Promise<boolean> {
    const ready = await target.prepare(seededRandom(seed));
    const copies = (ready.held ?? []).map((value) => value.slice());
    return (await judge(target, ready, copies, candidate.slice())).what?.split('\n')[0] === kind;
  }
  for (let step = Math.ceil(input.length / 2), tries = 0; step >= 1 && tries < 60; step = Math.floor(step / 2)) {
    for (let at = least.length - step; at >= 0 && tries < 60; at -= step, tries++) {
      const candidate = new Uint8Array([...least.subarray(0, at), ...least.subarray(at + step)]);
      if (await fails(candidate)) least = candidate;
    }
  }
  return least;
}

async function sampleRefused(target: Target, ready: Ready): Promise<string | null> {
  for (const [i, sample] of ready.samples.entries()) {
    try {
      await ready.feed(sample.slice());
    } catch (error) {
      return `${target.name} refuses its own sample ${i}: ${describe(error)}`;
    }
  }
  return null;
}

function inputsOf(target: Target, ready: Ready, seed: string): () => Bytes {
  const chance: Chance = chanceOf(`${seed}/${target.name}`);
  return () => (ready.next ? ready.next(chance) : nextInput(chance, ready.samples));
}

/** Feeds a target. The inputs depend on seed and target alone, so a longer run begins with those of a shorter one. */
export async function runTarget(target: Target, { seed, inputs, goOn, before }: RunOptions): Promise<Outcome> {
  const own = `${seed}/${target.name}`;
  const ready = await target.prepare(seededRandom(own));
  const copies = (ready.held ?? []).map((value) => value.slice());
  const next = inputsOf(target, ready, seed);
  const finding = (what: string, input: Bytes): Finding => ({ target: target.name, seed, what, hex: Buffer.from(input).toString('hex') });
  let accepted = 0;
  const spoiled = await sampleRefused(target, ready);
  if (spoiled) return { inputs: 0, accepted, finding: finding(spoiled, new Uint8Array(0)) };
  for (let done = 1; done <= inputs; done++) {
    const input = next();
    before?.(input);
    const verdict = await judge(target, ready, copies, input);
    if (verdict.accepted) accepted++;
    let what = verdict.what;
    if (!what && (done % RECHECK_EVERY === 0 || done === inputs)) what = await sampleRefused(target, ready);
    if (what) return { inputs: done, accepted, finding: finding(what, await smallest(target, own, input, what)) };
    if (goOn && !goOn(input)) return { inputs: done, accepted, finding: null };
  }
  return { inputs, accepted, finding: null };
}

// A heavy input costs as much time as some thousand cheap ones.
const SHARE = { parse: 1, compute: 0.12, heavy: 0.006 } as const;

/** How many inputs of a total each target gets: at least ten. */
export function shareOut(targets: readonly Target[], total: number): number[] {
  const whole = targets.reduce((sum, target) => sum + SHARE[target.cost], 0);
  return targets.map((target) => Math.max(10, Math.ceil((total * SHARE[target.cost]) / whole)));
}
