import { useMemo } from 'react';
import { navigate, useHashLocation } from 'wouter/use-hash-location';
import type { AccountId, ConversationId, MessageId } from '../messenger/api.ts';

/** What lies on top of the conversation. All of it stands in the fragment, which no server sees; going back closes it. */
export type Overlay =
  | { name: 'find' | 'paste-link' | 'new-group' | 'invite' | 'my-link' | 'settings' | 'recovery-key' | 'shortcuts' | 'palette' }
  | { name: 'safety-number'; of: AccountId }
  | { name: 'add-members' | 'name-admin'; of: ConversationId }
  | { name: 'message-info'; of: MessageId };

export type Route = {
  conversation?: ConversationId;
  details?: boolean;
  overlay?: Overlay;
  /** An invite link: `contact` is the inviter's account and name as they stand in the link. */
  join?: { invite: string; contact?: string };
  /** A contact link's account and name. */
  contact?: string;
};

const PLAIN = new Set(['find', 'paste-link', 'new-group', 'invite', 'my-link', 'settings', 'recovery-key', 'shortcuts', 'palette']);
const WITH_ID = new Set(['safety-number', 'add-members', 'name-admin', 'message-info']);

function overlayOf(segment: string | undefined): Overlay | undefined {
  if (!segment?.startsWith('~')) return undefined;
  const [name = '', of = ''] = segment.slice(1).split(':');
  if (PLAIN.has(name) && of === '') return { name } as Overlay;
  return WITH_ID.has(name) && of !== '' ? ({ name, of } as Overlay) : undefined;
}

export function parseRoute(fragment: string): Route {
  const parts = fragment.split('/').filter((part) => part !== '');
  const [first, second, third, fourth] = parts;
  if (first === 'join' && second) return { join: { invite: second, ...(third && fourth ? { contact: `${third}/${fourth}` } : {}) } };
  if (first === 'c' && second && third) return { contact: `${second}/${third}` };
  const overlay = overlayOf(parts.at(-1));
  const route: Route = first === 'chat' && second && !second.startsWith('~') ? { conversation: second, details: third === 'details' } : {};
  return overlay ? { ...route, overlay } : route;
}

function fragmentOf({ conversation, details, overlay }: Route): string {
  const chat = conversation ? `/chat/${conversation}${details ? '/details' : ''}` : '';
  const top = overlay ? `/~${overlay.name}${'of' in overlay ? `:${overlay.of}` : ''}` : '';
  return `${chat}${top}` || '/';
}

export function useRoute(): Route {
  const [fragment] = useHashLocation();
  return useMemo(() => parseRoute(fragment), [fragment]);
}

export const currentRoute = (): Route => parseRoute(location.hash.slice(1));

/**
 * An entry of ours knows that the one before it is also ours, so that closing can go back instead of piling up, and how many lie between
 * it and the list, where there is one below.
 */
type Entry = { pushed?: boolean; aboveList?: number };
const entry = (): Entry => (history.state as Entry | null) ?? {};
const pushed = (): boolean => entry().pushed === true;

function go(route: Route): void {
  const present = currentRoute();
  const below = entry().aboveList ?? (present.conversation || present.overlay ? undefined : 0);
  const state: Entry = { pushed: true, ...(below === undefined ? {} : { aboveList: below + 1 }) };
  navigate(fragmentOf(route), { state });
}
/** The new place takes the entry of the present one. */
export const replace = (route: Route): void => navigate(fragmentOf(route), { replace: true, state: history.state as unknown as null });

/** Leaves the present place for the one below it, by going back where that leads there. */
function leaveTo(route: Route): void {
  if (pushed()) history.back();
  else navigate(fragmentOf(route), { replace: true });
}

export function openConversation(conversation: ConversationId): void {
  const route = currentRoute();
  // From a dialog or from another conversation the entry is reused: back leads to the list.
  if (route.overlay || route.conversation) replace({ conversation });
  else go({ conversation });
}

export const openOverlay = (overlay: Overlay): void => {
  const { overlay: present, ...below } = currentRoute();
  (present ? replace : go)({ ...below, overlay });
};

export function closeOverlay(): void {
  const { overlay, ...below } = currentRoute();
  if (overlay) leaveTo(below);
}

export function toggleDetails(): void {
  const { conversation, details } = currentRoute();
  if (!conversation) return;
  if (details) leaveTo({ conversation });
  else go({ conversation, details: true });
}

/** To the list, past whatever was opened on the way. */
export function closeConversation(): void {
  const { aboveList } = entry();
  if (aboveList) history.go(-aboveList);
  else navigate('/', { replace: true });
}
