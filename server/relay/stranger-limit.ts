import type { Recipient } from '../protocol/frames.ts';
import type { RateLimits } from './rate-limit.ts';

// A small envelope costs a mailbox a row, a large one its bytes.
const BYTES_PER_COST = 16_384;

/**
 * What one account leaves with another that gave it no delivery token. Whether it did, only the store knows, once it has placed the envelope:
 * so the bucket is looked at before and charged after.
 */
export function strangerLimits(limits: RateLimits) {
  const keyOf = (sender: string, { accountId }: Recipient): string => `${sender}.${accountId}`;
  const costOf = (size: number): number => Math.ceil(size / BYTES_PER_COST);
  /** What is with the store now; an entry lives as long as there is any. */
  const underWay = new Map<string, number>();

  function change(sender: string, recipients: readonly Recipient[], by: number): void {
    for (const recipient of recipients) {
      const key = keyOf(sender, recipient);
      const cost = (underWay.get(key) ?? 0) + by;
      if (cost === 0) underWay.delete(key);
      else underWay.set(key, cost);
    }
  }

  return {
    began: (sender: string, recipients: readonly Recipient[], size: number): void => change(sender, recipients, costOf(size)),
    ended: (sender: string, recipients: readonly Recipient[], size: number): void => change(sender, recipients, -costOf(size)),
    waitFor(sender: string, recipients: readonly Recipient[]): number {
      return recipients.reduce((wait, recipient) => {
        const key = keyOf(sender, recipient);
        return Math.max(wait, limits.peek('pairStranger', key, 1 + (underWay.get(key) ?? 0)));
      }, 0);
    },
    charge(sender: string, strangers: readonly Recipient[], size: number): void {
      for (const recipient of strangers) limits.charge('pairStranger', keyOf(sender, recipient), costOf(size));
    },
  };
}

export type StrangerLimits = ReturnType<typeof strangerLimits>;
