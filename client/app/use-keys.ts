import { useEffect } from 'react';
import { sortedConversations, useConversations } from '../store/conversations.ts';
import { closeConversation, currentRoute, openConversation, openOverlay, toggleDetails } from '../store/route.ts';

const isField = (target: EventTarget | null): boolean =>
  target instanceof HTMLElement && (target.isContentEditable || target.matches('input, textarea, select'));

/** The conversation above or below the open one in the list, of all or of the unread ones. */
function neighbour(by: 1 | -1, unreadOnly: boolean): string | undefined {
  const { conversation } = currentRoute();
  const shown = sortedConversations(useConversations.getState().byId);
  const at = shown.findIndex(({ id }) => id === conversation);
  for (let index = at === -1 && by === -1 ? -1 : at + by; index >= 0 && index < shown.length; index += by) {
    const candidate = shown[index];
    if (candidate && (!unreadOnly || candidate.unread > 0)) return candidate.id;
  }
  return undefined;
}

/** Keys that work everywhere in the shell. The `?` sheet lists them. */
export function useKeys(lock: () => void): void {
  useEffect(() => {
    const onKeyDown = (event: KeyboardEvent): void => {
      if (event.isComposing || event.defaultPrevented) return;
      const control = event.ctrlKey || event.metaKey;
      const { overlay, details, conversation } = currentRoute();
      const act = (run: () => void): void => {
        event.preventDefault();
        run();
      };
      if (control && event.key.toLowerCase() === 'k' && !event.shiftKey) return act(() => openOverlay({ name: 'palette' }));
      if (control && event.shiftKey && event.key.toLowerCase() === 'l') return act(lock);
      if (overlay) return;
      if (event.altKey && !control && (event.key === 'ArrowUp' || event.key === 'ArrowDown')) {
        return act(() => {
          const next = neighbour(event.key === 'ArrowDown' ? 1 : -1, event.shiftKey);
          if (next !== undefined) openConversation(next);
        });
      }
      if (event.key === '?' && !isField(event.target)) return act(() => openOverlay({ name: 'shortcuts' }));
      if (event.key === 'Escape' && details) act(toggleDetails);
      else if (event.key === 'Escape' && conversation) act(closeConversation);
    };
    addEventListener('keydown', onKeyDown);
    return () => removeEventListener('keydown', onKeyDown);
  }, [lock]);
}
