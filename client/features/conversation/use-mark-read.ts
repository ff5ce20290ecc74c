import { type RefObject, useEffect, useRef, useSyncExternalStore } from 'react';
import type { Conversation } from '../../messenger/api.ts';
import { messenger } from '../../store/messenger.ts';
import type { TimelineRow } from './rows.ts';

// Flying past is not reading.
const DWELL_MS = 200;

const focusChanges = (changed: () => void): (() => void) => {
  const events = ['focus', 'blur', 'visibilitychange'] as const;
  for (const name of events) addEventListener(name, changed);
  return () => {
    for (const name of events) removeEventListener(name, changed);
  };
};
const isLookedAt = (): boolean => document.visibilityState === 'visible' && document.hasFocus();

/** Tells the engine how far one has read: the last message on the screen of a page that is looked at. */
export function useMarkRead(
  { id, unread }: Conversation,
  rows: readonly TimelineRow[],
  endIndex: number | undefined,
  scroller: RefObject<HTMLElement | null>,
): void {
  const lookedAt = useSyncExternalStore(focusChanges, isLookedAt);
  const marked = useRef(-1);
  const latest = rows
    .slice(0, (endIndex ?? -1) + 1)
    .findLast((row) => row.kind === 'event' || (row.kind === 'bubble' && !row.message.mine));
  const position = latest && 'message' in latest ? latest.message.position : undefined;
  useEffect(() => {
    if (!lookedAt || unread === 0 || position === undefined || position <= marked.current || !scroller.current) return;
    const timer = setTimeout(() => {
      marked.current = position;
      messenger()
        .markRead(id, position)
        .catch(() => {
          // It is said again with the next message.
          marked.current = -1;
        });
    }, DWELL_MS);
    return () => clearTimeout(timer);
  }, [id, unread, position, lookedAt, scroller]);
}
