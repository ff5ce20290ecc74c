/**
 * One tab owns the engine: a Web Lock, which the browser gives back by itself when a tab or its worker dies. It decides who tries; that
 * two never write is decided by the epoch in every vault commit.
 */
import type { Ownership } from '../ports/owner.ts';

export const ENGINE_LOCK = 'sottovoce-engine';

export function createLeader(locks: LockManager, name = ENGINE_LOCK): Ownership {
  let lost: () => void = () => undefined;
  let letGo: (() => void) | undefined;

  /** Resolves with whether the lock was got; it is then held until `letGo` or until it is stolen. */
  function hold(options: LockOptions): Promise<boolean> {
    return new Promise((resolve) => {
      let held: (() => void) | undefined;
      locks
        .request(name, options, (lock) => {
          resolve(lock !== null);
          if (!lock) return undefined;
          return new Promise<void>((release) => {
            held = release;
            letGo = release;
          });
        })
        .catch(() => {
          // Stolen; or never granted, as in a document that is going away.
          resolve(false);
          if (held === undefined || letGo !== held) return;
          letGo = undefined;
          lost();
        });
    });
  }

  return {
    async acquire(onLost) {
      lost = onLost;
      if (letGo) return 'owned';
      return (await hold({ ifAvailable: true })) ? 'owned' : 'elsewhere';
    },
    async takeOver() {
      if (!letGo) await hold({ steal: true });
    },
    release() {
      const release = letGo;
      letGo = undefined;
      release?.();
    },
  };
}
