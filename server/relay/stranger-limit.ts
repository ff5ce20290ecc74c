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

  return {
    waitFor(sender: string, recipients: readonly Recipient[]): number {
      return recipients.reduce((wait, recipient) => Math.max(wait, limits.peek('pairStranger', keyOf(sender, recipient))), 0);
    },
    charge(sender: string, strangers: readonly Recipient[], size: number): void {
      for (const recipient of strangers) limits.charge('pairStranger', keyOf(sender, recipient), Math.ceil(size / BYTES_PER_COST));
    },
  };
}

export type StrangerLimits = ReturnType<typeof strangerLimits>;
