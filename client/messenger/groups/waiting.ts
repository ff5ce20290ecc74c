/** What waits for a group that is not here, or not yet as far: anybody can send such, so it is bounded, and no stranger takes a contact's place. */
import type { AccountId } from '../api.ts';
import { accountIn } from '../core.ts';
import type { Step, View } from '../step.ts';

const MOST = { welcomes: 64, earlyKeys: 256 } as const;
const MAX_AGE_MS = 30 * 24 * 3_600_000;

export function isTrusted(view: View, accountId: AccountId): boolean {
  return accountId === accountIn(view).accountId || view.get('contacts', accountId)?.standing === 'accepted';
}

/** Drops what nobody came for in 30 days and, beyond the bound, the oldest of whichever stranger left most; contacts' only among themselves. */
export function makeRoom(step: Step, table: keyof typeof MOST, now: number): void {
  for (const [key, { at }] of [...step.all(table)]) if (now - at > MAX_AGE_MS) step.remove(table, key);
  const kept = [...step.all(table)].sort(([, a], [, b]) => a.at - b.at);
  if (kept.length <= MOST[table]) return;
  const strangers = kept.filter(([, { from }]) => !isTrusted(step, from));
  const bySender = Map.groupBy(strangers.length > 0 ? strangers : kept, ([, { from }]) => from);
  const most = [...bySender.values()].reduce((largest, one) => (one.length > largest.length ? one : largest));
  step.remove(table, (most[0] as (typeof most)[0])[0]);
}
