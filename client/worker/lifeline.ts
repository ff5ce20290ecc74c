/**
 * How the page learns that its worker has ended (for want of memory, say), which no event tells: the worker holds a Web Lock for as long
 * as it lives, and the browser then gives it to the page, which has waited for it.
 */

/** In the worker. Resolves when the lock is held. */
export function holdLifeline(locks: LockManager, name: string): Promise<void> {
  return new Promise((resolve, reject) => {
    locks
      .request(name, () => {
        resolve();
        return new Promise<never>(() => undefined);
      })
      .catch(reject);
  });
}

/** On the page, once the worker holds it. Resolves when the worker is gone. */
export async function lifelineCut(locks: LockManager, name: string): Promise<void> {
  await locks.request(name, () => undefined);
}
