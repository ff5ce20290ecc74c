import { type RefObject, useCallback, useEffect, useLayoutEffect, useRef, useState } from 'react';
import type { useVirtualizer } from '@tanstack/react-virtual';

type Virtualizer = ReturnType<typeof useVirtualizer<HTMLDivElement, Element>>;

// Close enough to the bottom to count as being there: one short message.
export const AT_END_PX = 60;
const STILL_FRAMES = 2;
// Rows that never settle must not keep somebody from scrolling.
const MOST_FRAMES = 120;

const isAtEnd = ({ scrollHeight, scrollTop, clientHeight }: HTMLElement): boolean => scrollHeight - scrollTop - clientHeight < AT_END_PX;
const sizeOf = ({ clientWidth, clientHeight }: HTMLElement): string => `${clientWidth} ${clientHeight}`;

/**
 * Where the timeline stands: it opens at the divider, else at the end, and stays at the end through every change of its size.
 * `opened` when it has come to rest; until then nothing counts as read and nothing more is loaded.
 */
export function useScrolling(virtualizer: Virtualizer, scroller: RefObject<HTMLElement | null>, divider: number) {
  const [opened, setOpened] = useState(false);
  const [atEnd, setAtEnd] = useState(true);
  const follows = useRef(divider < 0);
  const size = useRef('');
  const isEmpty = virtualizer.options.count === 0;

  const look = useCallback((): void => {
    const element = scroller.current;
    if (!element) return;
    const end = isAtEnd(element);
    // The browser scrolls by itself when the size changes; only the reader leaves the end.
    if (end || sizeOf(element) === size.current) follows.current = end;
    setAtEnd(end);
  }, [scroller]);

  // Heights are estimates until rows are drawn, and drawing them moves the target: it is aimed at again until it stays.
  const aim = useRef(divider);
  aim.current = divider;
  useLayoutEffect(() => {
    if (opened || isEmpty) return;
    let frame = 0;
    let frames = 0;
    let still = 0;
    const place = (): void => {
      const index = aim.current;
      const target = index < 0 ? virtualizer.getTotalSize() : (virtualizer.getOffsetForIndex(index, 'start')?.[0] ?? 0);
      const element = scroller.current;
      const reachable = element ? Math.min(target, element.scrollHeight - element.clientHeight) : 0;
      still = element && virtualizer.range && Math.abs(element.scrollTop - reachable) < 2 ? still + 1 : 0;
      frames += 1;
      if (still >= STILL_FRAMES || frames > MOST_FRAMES) {
        if (element) size.current = sizeOf(element);
        look();
        return setOpened(true);
      }
      if (still === 0) {
        if (index < 0) virtualizer.scrollToEnd();
        else virtualizer.scrollToIndex(index, { align: 'start' });
      }
      frame = requestAnimationFrame(place);
    };
    place();
    return () => cancelAnimationFrame(frame);
  }, [opened, isEmpty, virtualizer, scroller, look]);

  // A keyboard, a banner, a growing composer, a turned phone.
  useEffect(() => {
    const element = scroller.current;
    if (!element || !opened) return;
    const observer = new ResizeObserver(() => {
      if (follows.current) virtualizer.scrollToEnd();
      else look();
      size.current = sizeOf(element);
    });
    observer.observe(element);
    return () => observer.disconnect();
  }, [opened, virtualizer, scroller, look]);

  return { opened, atEnd, look };
}
