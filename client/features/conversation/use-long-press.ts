import { type PointerEvent, type TouchEvent, useCallback, useEffect, useRef } from 'react';

// As long as phones take for it themselves.
const PRESS_MS = 500;
// A finger is never quite still.
const STILL_PX = 10;

type Place = { x: number; y: number };

/** A finger that rests on something, for browsers that make no context menu of it (iOS). */
export function useLongPress(onPress: (place: Place) => void) {
  const pressed = useRef<Place & { timer: ReturnType<typeof setTimeout> }>(undefined);
  const done = useRef(false);
  const cancel = useCallback((): void => {
    clearTimeout(pressed.current?.timer);
    pressed.current = undefined;
  }, []);
  useEffect(() => cancel, [cancel]);
  return {
    onPointerDown(event: PointerEvent): void {
      cancel();
      done.current = false;
      if (event.pointerType !== 'touch' || !event.isPrimary || (event.target as Element).closest('a')) return;
      const place = { x: event.clientX, y: event.clientY };
      const timer = setTimeout(() => {
        pressed.current = undefined;
        done.current = true;
        onPress(place);
      }, PRESS_MS);
      pressed.current = { ...place, timer };
    },
    onPointerMove({ clientX, clientY }: PointerEvent): void {
      const from = pressed.current;
      if (from && Math.hypot(clientX - from.x, clientY - from.y) > STILL_PX) cancel();
    },
    onPointerUp: cancel,
    onPointerCancel: cancel,
    onTouchEnd(event: TouchEvent): void {
      // The finger that opened something must not press beside it in the next moment.
      if (done.current && event.cancelable) event.preventDefault();
    },
    cancel,
  };
}
