/**
 * Half of every mailbox is kept for those who hold the delivery token of its account, so that strangers cannot fill it. A submission's
 * token is compared while it is placed and then forgotten: no row says which envelopes came with one. What matters is how full the
 * mailbox is when an envelope comes, so nothing has to be counted apart.
 */
import { hash, timingSafeEqual } from 'node:crypto';
import type { Recipient } from '../protocol/frames.ts';

// Of what may wait in a mailbox, by count and by bytes.
const STRANGERS_SHARE = 0.5;

export type Fill = { envelopes: number; bytes: number };

/** By recipient. An account that has published no verifier reserves nothing: everybody counts as a holder. */
export function privilegesOf(
  recipients: readonly Recipient[],
  verifierOf: (accountId: string) => Uint8Array | null | undefined,
): boolean[] {
  return recipients.map(({ accountId, deliveryToken }) => {
    const verifier = verifierOf(accountId);
    if (!verifier) return true;
    return deliveryToken !== undefined && timingSafeEqual(hash('sha256', deliveryToken, 'buffer'), verifier);
  });
}

/** Whether one more envelope of that size may wait. */
export function hasRoom(mailbox: Fill, size: number, quota: { maxEnvelopes: number; maxBytes: number }, privileged: boolean): boolean {
  const share = privileged ? 1 : STRANGERS_SHARE;
  return mailbox.envelopes + 1 <= quota.maxEnvelopes * share && mailbox.bytes + size <= quota.maxBytes * share;
}
