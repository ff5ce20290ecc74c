import type { Recipient } from '../protocol/frames.ts';
import type { RateLimits } from './rate-limit.ts';

// A small envelope costs a mailbox a row, a large one its bytes.
const BYTES_PER_COST = 16_384;

/**
 * What one account leaves with another that gave it no delivery token. Whether it did, only the store knows, once it has placed the envelope:
 * so the bucket is looked at before and charged after.
 */
export function strangerLimits(limits: RateLimits) {
  const costOf = (size: number): number => Math.ceil(size / BYTES_PER_COST);
  /** What is with the store now; an entry lives as long as there is any. */
  const underWay = new Map<string, number>();

  function change(pairs: readonly string[], by: number): void {
    for (const pair of pairs) {
      const cost = (underWay.get(pair) ?? 0) + by;
      if (cost === 0) underWay.delete(pair);
      else underWay.set(pair, cost);
    }
  }

  return {
    /** Who sends to whom, in the recipients' order: made once for an envelope and given to all the others. */
    pairs: (sender: string, recipients: readonly Recipient[]): string[] => recipients.map(({ accountId }) => `${sender}.${accountId}`),
    waitFor: (pairs: readonly string[]): number =>
      pairs.reduce((wait, pair) => Math.max(wait, limits.peek('pairStranger', pair, 1 + (underWay.get(pair) ?? 0))), 0),
    began: (pairs: readonly string[], size: number): void => change(pairs, costOf(size)),
    ended: (pairs: readonly string[], size: number): void => change(pairs, -costOf(size)),
    charge(pairs: readonly string[], size: number): void {
      for (const pair of pairs) limits.charge('pairStranger', pair, costOf(size));
    },
  };
}

export type StrangerLimits = ReturnType<typeof strangerLimits>;
