/** Group envelopes whose epoch secret, sender key or log entry is still under way: kept in the vault, tried again when something came. */
import type { Core } from '../core.ts';
import type { Taken } from '../inbox.ts';
import type { HeldEnvelope } from '../state.ts';
import type { Step } from '../step.ts';

// Anybody can send bytes that open nowhere: more than this many push out the oldest.
const MAX_HELD = 256;
const MAX_AGE_MS = 30 * 24 * 3_600_000;

/** `hold`: not yet; anything thrown: never. */
export type Try = (step: Step, envelope: Taken) => Promise<'done' | 'hold'>;

export type Held = {
  keep(step: Step, envelope: Taken): void;
  retry(): Promise<void>;
};

export function createHeld(core: Core, attempt: Try): Held {
  let last = 0;
  for (const [key] of core.read.all('held')) last = Math.max(last, Number(key));

  async function retryOne(step: Step, key: string, envelope: HeldEnvelope): Promise<void> {
    const result = await step.attempt((inner) => attempt(inner, envelope)).catch(() => 'never' as const);
    if (result !== 'hold' || core.now() - envelope.heldAt > MAX_AGE_MS) step.remove('held', key);
  }

  return {
    keep(step, { envelopeId, body, storedAt }) {
      step.put('held', String(++last), { envelopeId, body, storedAt, heldAt: core.now() });
      const keys = [...step.all('held')].map(([key]) => Number(key)).sort((a, b) => a - b);
      for (const key of keys.slice(0, Math.max(0, keys.length - MAX_HELD))) step.remove('held', String(key));
    },
    async retry() {
      if ([...core.read.all('held')].length === 0) return;
      await core.step(async (step) => {
        const inOrder = [...step.all('held')].sort(([a], [b]) => Number(a) - Number(b));
        for (const [key, envelope] of inOrder) await retryOne(step, key, envelope);
      });
    },
  };
}
