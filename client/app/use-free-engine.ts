import { useEffect } from 'react';
import { messenger } from '../store/messenger.ts';
import { isEngineFree } from './wiring.ts';

/** The tab that had the engine is gone: whoever comes back to this one goes on here. Not before, as the other may only be loading anew. */
export function useFreeEngine(elsewhere: boolean): void {
  useEffect(() => {
    if (!elsewhere) return;
    const look = async (): Promise<void> => {
      if (await isEngineFree()) await messenger().takeOver();
    };
    // The button stays for what fails here.
    const onFocus = (): void => void look().catch(() => undefined);
    addEventListener('focus', onFocus);
    return () => removeEventListener('focus', onFocus);
  }, [elsewhere]);
}
