import { useState } from 'react';
import { failureSentence } from './copy/failure.ts';

/** One act at a time, with the sentence to show when it failed. */
export function useAct(): {
  busy: boolean;
  problem: string | undefined;
  act: (run: () => Promise<unknown>) => void;
  setProblem: (problem?: string) => void;
} {
  const [busy, setBusy] = useState(false);
  const [problem, setProblem] = useState<string>();
  return {
    busy,
    problem,
    setProblem,
    act(run) {
      if (busy) return;
      setBusy(true);
      setProblem(undefined);
      run()
        .catch((error: unknown) => setProblem(failureSentence(error)))
        .finally(() => setBusy(false));
    },
  };
}
