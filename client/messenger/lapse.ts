/**
 * The relay drops what nobody fetched within thirty days, and does not know whom to tell: the writer's own device knows when that time is
 * over. Looked at after everything that waited for this device has been taken in, so that a receipt on its way is never too late.
 */
import { ENVELOPE_KEEP_MS } from '../../server/protocol/limits.ts';
import type { Conversations } from './conversations.ts';
import type { Core } from './core.ts';
import type { ConversationRecord } from './state.ts';

// The relay counts in whole hours and keeps an envelope until the hour after its time is over.
const LAPSE_AFTER_MS = ENVELOPE_KEEP_MS + 2 * 3_600_000;

const LOOK_EVERY_MS = 3_600_000;

// Rows looked at in one step.
const MAX_ROWS = 256;

export type Lapse = {
  /** Called when the mailbox is empty: now and every hour, whatever is due. */
  start(): void;
};

export function createLapse(core: Core, conversations: Conversations, isReady: () => boolean): Lapse {
  let timed = false;
  let sweeping = false;

  /** Moves on past rows that are settled or lapsed; stops at the first that may still be fetched. True: there is more to look at. */
  function sweepSome(id: string): Promise<boolean> {
    return core.step(async (step) => {
      const record = step.get('conversations', id);
      if (record?.kind !== 'direct') return false;
      const from = record.settledBelow ?? 0;
      let position = from;
      for (; position < record.nextPosition && position - from < MAX_ROWS; position++) {
        const row = await step.message(id, position);
        if (row && core.now() - row.receivedAt < LAPSE_AFTER_MS) break;
        if (row?.mine && row.status === 'sent') conversations.update(step, { ...row, status: 'failed', failure: 'not-delivered' });
      }
      if (position === from) return false;
      step.put('conversations', id, { ...(step.get('conversations', id) ?? record), settledBelow: position } satisfies ConversationRecord);
      return position - from === MAX_ROWS;
    });
  }

  async function sweep(): Promise<void> {
    if (sweeping || !isReady()) return;
    sweeping = true;
    try {
      for (const [id] of [...core.read.all('conversations')]) while (await sweepSome(id));
    } finally {
      sweeping = false;
    }
  }

  function start(): void {
    // What could not be written is found again the next time.
    sweep().catch(() => undefined);
    if (timed) return;
    timed = true;
    core.later(LOOK_EVERY_MS, () => {
      timed = false;
      start();
    });
  }

  return { start };
}
