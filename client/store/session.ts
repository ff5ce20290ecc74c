import { create } from 'zustand';
import type { Connection, FailureCode, Me, Phase } from '../messenger/api.ts';

type Session = {
  phase: Phase;
  connection: Connection;
  /** 0 … 1 while keys are derived or the vault opens. */
  progress: number | undefined;
  /** Why the messenger cannot run here at all. */
  unable: FailureCode | undefined;
  /** The worker has ended; only loading the page again starts another. */
  stopped: boolean;
  /** The account is being made: its page stays although the engine is open already. */
  signingUp: boolean;
  /** The twelve words right after sign-up, until they are confirmed or put off. */
  newWords: string[] | undefined;
};

export const useSession = create<Session>(() => ({
  phase: { phase: 'starting' },
  connection: { state: 'connecting', since: 0 },
  progress: undefined,
  unable: undefined,
  stopped: false,
  signingUp: false,
  newWords: undefined,
}));

export const useMe = (): Me | undefined => useSession(({ phase }) => (phase.phase === 'open' ? phase.me : undefined));

export const me = (): Me | undefined => {
  const { phase } = useSession.getState();
  return phase.phase === 'open' ? phase.me : undefined;
};
