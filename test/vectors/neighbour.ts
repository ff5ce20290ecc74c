/**
 * What an invalid case has other than the valid case nearest to it: the one thing that is wrong with it, where it stands, and what stood
 * there. Garbage fails wherever it is; a case that says how it was made of a good one can be held to that.
 */
import type { Case, Difference, Json, JsonObject, Neighbour } from './family.ts';
import { sha256Of, utf8Of } from './independent.ts';
import { toHex } from './hex.ts';

/** Longer texts stand as their SHA-256. */
const SHOWN_CHARACTERS = 64;

const shown = (text: string): string =>
  text.length <= SHOWN_CHARACTERS ? text : `sha256:${toHex(sha256Of(utf8Of(text)) as Uint8Array<ArrayBuffer>)}`;

const isHex = (text: string): boolean => /^(?:[0-9a-f]{2})*$/.test(text);
const isInside = (value: Json | undefined): value is Json[] | JsonObject => typeof value === 'object' && value !== null;

const textOf = (value: Json | undefined): string => JSON.stringify(value) ?? '';

type Found = Difference & { characters: number };

/** How much two rows share at their beginning, and at their end of what is left; in whole units. */
function shared(was: ArrayLike<Json>, is: ArrayLike<Json>, unit = 1): { start: number; end: number } {
  const shorter = Math.min(was.length, is.length);
  const same = (one: Json | undefined, other: Json | undefined): boolean =>
    one === other || (isInside(one) && textOf(one) === textOf(other));
  let start = 0;
  while (start < shorter && same(was[start], is[start])) start += 1;
  start -= start % unit;
  let end = 0;
  while (end < shorter - start && same(was[was.length - 1 - end], is[is.length - 1 - end])) end += 1;
  return { start, end: end - (end % unit) };
}

function replacedBy(field: string, before: string, after: string, at?: number): Found {
  const found = { was: shown(before), is: shown(after), characters: Math.max(before.length, after.length) };
  return at === undefined ? { field, ...found } : { field, at, ...found };
}

/** What two texts do not share at both ends; whole bytes of hex. */
function splice(field: string, was: string, is: string): Found {
  const unit = isHex(was) && isHex(is) ? 2 : 1;
  const { start, end } = shared(was, is, unit);
  return replacedBy(field, was.slice(start, was.length - end), is.slice(start, is.length - end), start / unit);
}

function differences(was: Json | undefined, is: Json | undefined, field = ''): Found[] {
  if (textOf(was) === textOf(is)) return [];
  if (typeof was === 'string' && typeof is === 'string') return [splice(field, was, is)];
  if (Array.isArray(was) && Array.isArray(is) && was.length !== is.length) {
    const { start, end } = shared(was, is);
    return [replacedBy(field, textOf(was.slice(start, was.length - end)), textOf(is.slice(start, is.length - end)), start)];
  }
  if (isInside(was) && isInside(is) && Object.keys(was).sort().join() === Object.keys(is).sort().join()) {
    const [one, other] = [was as JsonObject, is as JsonObject];
    return Object.keys(one).flatMap((name) => differences(one[name], other[name], field === '' ? name : `${field}.${name}`));
  }
  return [replacedBy(field, textOf(was), textOf(is))];
}

const bare = ({ characters: _, ...difference }: Found): Difference => difference;

/** The valid case of the same kind with the least to change, the earliest of several; a field more counts as much as a key. */
export function neighbourOf({ input }: Pick<Case, 'input'>, valid: readonly Case[]): Neighbour | null {
  let nearest: { from: number; found: Found[]; cost: number } | null = null;
  for (const one of valid) {
    const found = differences(one.input, input);
    const cost = found.reduce((sum, { characters }) => sum + characters + SHOWN_CHARACTERS, 0);
    if (!nearest || cost < nearest.cost) nearest = { from: one.tcId, found, cost };
  }
  return nearest && { from: nearest.from, in: nearest.found.map(bare) };
}

/** In words what is wrong with an invalid case's neighbour, or null. */
export function strayed(test: Case, all: readonly Case[]): string | null {
  const from = all.find(({ tcId, result }) => tcId === test.differs?.from && result === 'valid');
  if (!from) return 'differs from no valid case';
  const found = JSON.stringify(differences(from.input, test.input).map(bare));
  return found === JSON.stringify(test.differs?.in) ? null : `differs from case ${from.tcId} otherwise than it says`;
}
