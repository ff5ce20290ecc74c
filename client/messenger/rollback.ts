/**
 * The relay has acknowledgements that this vault knows nothing of: the vault is an old copy (D9). Nothing that may have been used since may
 * be used again, so sessions, sender keys and signed prekeys are replaced before a single byte is encrypted.
 */
import { accountIn, type Core } from './core.ts';
import { renewDeviceKeys } from './device-keys.ts';
import type { Runs } from './runs.ts';
import type { Step } from './step.ts';

export type Rollback = {
  isOld(acknowledged: number): boolean;
  repair(acknowledged: number): Promise<void>;
};

function dropOwnKeys(step: Step): void {
  for (const [key, peer] of [...step.all('peers')])
    step.put('peers', key, { ...peer, session: null, renew: true, askedAt: 0, grantedAt: 0 });
  for (const [key] of [...step.all('signedPrekeys')]) step.remove('signedPrekeys', key);
  for (const [key] of [...step.all('firsts')]) step.remove('firsts', key);
  for (const [key, sending] of [...step.all('groupSending')]) {
    // The next message makes a key of a generation that no lost message can have used.
    step.put('groupSending', key, { ...sending, count: Number.MAX_SAFE_INTEGER, generation: sending.generation + LOST_NUMBERS });
  }
  for (const [key, item] of [...step.all('outbox')]) step.put('outbox', key, { ...item, devices: {}, group: null });
}

// More sender keys, prekeys and records than a device makes between a copy of its vault and its return.
const LOST_NUMBERS = 10_000;

export function createRollback(core: Core, runs: Runs): Rollback {
  return {
    isOld: (acknowledged) => acknowledged > (core.read.get('cursor', 'self')?.sequence ?? 0),
    async repair(acknowledged) {
      runs.forget();
      await core.step(async (step) => {
        dropOwnKeys(step);
        await renewDeviceKeys(core, step, accountIn(step), LOST_NUMBERS);
        step.put('cursor', 'self', { sequence: acknowledged });
      });
    },
  };
}
