import { useEffect } from 'react';
import { messenger } from '../store/messenger.ts';
import { ENGINE_LOCK } from '../worker/leader.ts';

/** The tab that had the engine is gone: whoever comes back to this one goes on here. Not before, as the other may only be loading anew. */
export function useFreeEngine(elsewhere: boolean): void {
  useEffect(() => {
    if (!elsewhere) return;
    const look = async (): Promise<void> => {
      const { held = [] } = await navigator.locks.query();
      if (!held.some(({ name }) => name === ENGINE_LOCK)) await messenger().takeOver();
    };
    // The button stays for what fails here.
    const onFocus = (): void => void look().catch(() => undefined);
    addEventListener('focus', onFocus);
    return () => removeEventListener('focus', onFocus);
  }, [elsewhere]);
}
