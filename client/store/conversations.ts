import { useMemo } from 'react';
import { create } from 'zustand';
import type { AccountId, Conversation, ConversationId } from '../messenger/api.ts';
import { me } from './session.ts';

type Conversations = {
  byId: Record<ConversationId, Conversation>;
  /** Names of everyone who was met, to write them under messages and events. */
  names: Record<AccountId, string>;
};

const EMPTY: Conversations = { byId: {}, names: {} };

export const useConversations = create<Conversations>(() => EMPTY);

export function putConversation(conversation: Conversation): void {
  useConversations.setState(({ byId, names }) => {
    const met = [...(conversation.members ?? []), ...(conversation.contact ? [conversation.contact] : [])];
    const fresh = met.filter(({ accountId, username }) => names[accountId] !== username);
    return {
      byId: { ...byId, [conversation.id]: conversation },
      names: fresh.length === 0 ? names : { ...names, ...Object.fromEntries(fresh.map((one) => [one.accountId, one.username])) },
    };
  });
}

export function dropConversation(id: ConversationId): void {
  useConversations.setState(({ byId: { [id]: _gone, ...byId } }) => ({ byId }));
}

export const forgetConversations = (): void => useConversations.setState(EMPTY, true);

export const useConversation = (id: ConversationId | undefined): Conversation | undefined =>
  useConversations(({ byId }) => (id === undefined ? undefined : byId[id]));

export const conversationOf = (id: ConversationId): Conversation | undefined => useConversations.getState().byId[id];

const isRequest = (conversation: Conversation): boolean =>
  conversation.whyNot === 'request' || conversation.contact?.standing === 'request';

export const sortedConversations = (byId: Record<ConversationId, Conversation>): Conversation[] =>
  Object.values(byId).sort((one, other) => other.activeAt - one.activeAt);

/** The list as it is shown: what one talks in, and what waits for an answer. */
export function useConversationList(): { talks: Conversation[]; requests: Conversation[] } {
  const byId = useConversations((state) => state.byId);
  return useMemo(() => {
    const sorted = sortedConversations(byId);
    return { talks: sorted.filter((one) => !isRequest(one)), requests: sorted.filter(isRequest) };
  }, [byId]);
}

/** Accepted people, by name. */
export function usePeople(): { accountId: AccountId; username: string; verified: boolean }[] {
  const byId = useConversations((state) => state.byId);
  return useMemo(
    () =>
      Object.values(byId)
        .flatMap(({ kind, contact }) => (kind === 'direct' && contact?.standing === 'accepted' ? [contact] : []))
        .sort((one, other) => one.username.localeCompare(other.username)),
    [byId],
  );
}

export const useUnreadTotal = (): number =>
  useConversations(({ byId }) => Object.values(byId).reduce((sum, one) => sum + (isRequest(one) ? 0 : one.unread), 0));

/** A name for an account, however it was met; undefined for oneself is the caller's to write. */
export function nameOf(names: Record<AccountId, string>, accountId: AccountId): string {
  const self = me();
  return self?.accountId === accountId ? self.username : (names[accountId] ?? accountId.slice(0, 6));
}
