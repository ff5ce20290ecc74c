import { expect, test } from 'vitest';
import { makeRoom } from '../../client/messenger/groups/waiting.ts';
import type { Welcome } from '../../client/messenger/state.ts';
import type { Step } from '../../client/messenger/step.ts';

const DAY_MS = 24 * 3_600_000;

/** As much of a step as is asked: welcomes, one's own account, and who is a contact. */
function stepWith(welcomes: Map<string, Welcome>, contacts: readonly string[]): Step {
  const tables = {
    get: (table: string, key: string) =>
      table === 'contacts' ? (contacts.includes(key) ? { standing: 'accepted' } : undefined) : { accountId: 'me' },
    all: () => welcomes,
    remove: (_: string, key: string) => welcomes.delete(key),
  };
  return tables as unknown as Step;
}

const welcome = (from: string, at: number): Welcome => ({
  from,
  at,
  logVersion: 1,
  logHead: new Uint8Array(32),
  epoch: 1,
  secret: new Uint8Array(32),
  alarmed: false,
});

test('E14: beyond the bound the stranger who left most loses his oldest, never a contact; what is a month old goes', () => {
  const kept = new Map<string, Welcome>();
  const step = stepWith(kept, ['anna']);
  kept.set('old', welcome('anna', 0));
  const now = 31 * DAY_MS;
  for (let i = 0; i < 10; i++) kept.set(`anna ${i}`, welcome('anna', now + i));
  kept.set('quiet', welcome('quiet stranger', now));
  for (let i = 0; i < 200; i++) {
    kept.set(`mallory ${i}`, welcome('mallory', now + 100 + i));
    makeRoom(step, 'welcomes', now + 300);
  }
  expect(kept.size).toBe(64);
  expect(kept.has('old')).toBe(false);
  expect(kept.has('quiet')).toBe(true);
  expect([...kept.keys()].filter((key) => key.startsWith('anna'))).toHaveLength(10);
  expect(kept.has('mallory 199')).toBe(true);
  expect(kept.has('mallory 100')).toBe(false);
});
