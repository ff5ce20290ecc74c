import { useEffect, useRef } from 'react';

/** When what had the focus is gone, the focus goes here instead of to the top of the page; looked at whenever `when` changes. */
export function useFocusWhenLost(target: () => HTMLElement | null | undefined, when: unknown): void {
  const latest = useRef(target);
  latest.current = target;
  // biome-ignore lint/correctness/useExhaustiveDependencies: the caller says when
  useEffect(() => {
    // A dialog that closes gives the focus back by then, if there is anything left to give it to.
    let frame = requestAnimationFrame(() => {
      frame = requestAnimationFrame(() => {
        if (document.activeElement === document.body) latest.current()?.focus();
      });
    });
    return () => cancelAnimationFrame(frame);
  }, [when]);
}
