/** Group envelopes whose epoch secret, sender key or log entry is still under way: kept in the vault, tried again when something came. */
import type { ConversationId } from '../api.ts';
import type { Core } from '../core.ts';
import type { Taken } from '../inbox.ts';
import type { HeldEnvelope } from '../state.ts';
import type { Step } from '../step.ts';

// Anybody can send bytes that open nowhere, and any member ones under a key nobody has: beyond this, the oldest of their kind go.
const MAX_HELD_EACH = 256;
const MAX_AGE_MS = 30 * 24 * 3_600_000;

/** `hold`: not yet, and the group whose keys open its outer layer, if any do; anything thrown: never. */
export type Tried = 'done' | { hold: ConversationId | null };
export type Try = (step: Step, envelope: Taken) => Promise<Tried>;

export type Held = {
  keep(step: Step, envelope: Taken, group: ConversationId | null): void;
  /** In a step of its own. */
  retry(): Promise<void>;
  /** In this one, so that what was held comes before what follows. */
  retryIn(step: Step): Promise<void>;
};

export function createHeld(core: Core, attempt: Try): Held {
  let last = 0;
  for (const [key] of core.read.all('held')) last = Math.max(last, Number(key));

  async function retryOne(step: Step, key: string, envelope: HeldEnvelope): Promise<void> {
    const result = await step.attempt((inner) => attempt(inner, envelope)).catch(() => 'never' as const);
    if (typeof result === 'string' || core.now() - envelope.heldAt > MAX_AGE_MS) step.remove('held', key);
    else if (result.hold !== envelope.group) step.put('held', key, { ...envelope, group: result.hold });
  }

  async function retryIn(step: Step): Promise<void> {
    const inOrder = [...step.all('held')].sort(([a], [b]) => Number(a) - Number(b));
    for (const [key, envelope] of inOrder) await retryOne(step, key, envelope);
  }

  return {
    keep(step, { envelopeId, body, storedAt }, group) {
      step.put('held', String(++last), { envelopeId, body, storedAt, heldAt: core.now(), group });
      const alike = [...step.all('held')].filter(([, one]) => one.group === group).map(([key]) => Number(key));
      const oldest = alike.sort((a, b) => a - b).slice(0, Math.max(0, alike.length - MAX_HELD_EACH));
      for (const key of oldest) step.remove('held', String(key));
    },
    async retry() {
      if ([...core.read.all('held')].length > 0) await core.step(retryIn);
    },
    retryIn,
  };
}
