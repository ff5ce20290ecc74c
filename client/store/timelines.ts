import { create } from 'zustand';
import type { ConversationId, Message, MessageId } from '../messenger/api.ts';
import { conversationOf } from './conversations.ts';
import { messenger } from './messenger.ts';

export type Timeline = {
  messages: Message[];
  /** There is more before the first of them. */
  more: boolean;
  state: 'loading' | 'ready' | 'failed';
  /** Where the unread divider stands, as it was when the conversation was opened. */
  divider: MessageId | undefined;
};

const PAGE_MESSAGES = 50;
// As many as the engine gives at once.
const LARGE_PAGE_MESSAGES = 200;
// Somebody back from a month away starts near the end, not at the first of ten thousand.
const MOST_ON_OPENING = 2_000;

export const useTimelines = create<Record<ConversationId, Timeline>>(() => ({}));

const byPosition = (one: Message, other: Message): number => one.position - other.position;

/** What is known and what is new, by id; the newer word wins. */
function merged(known: Message[], fresh: readonly Message[]): Message[] {
  const all = new Map(known.map((message) => [message.id, message]));
  for (const message of fresh) all.set(message.id, message);
  return [...all.values()].sort(byPosition);
}

function change(id: ConversationId, how: (timeline: Timeline) => Timeline): void {
  useTimelines.setState((all) => {
    const timeline = all[id];
    return timeline ? { [id]: how(timeline) } : all;
  });
}

const countsAsUnread = ({ mine, body }: Message): boolean => !mine && body.kind !== 'system';

/** The first unread message, or where it is not among these (it was deleted, or lies further back) the one that comes nearest. */
function dividerAmong(messages: readonly Message[], unread: number, firstUnread: MessageId | undefined): MessageId | undefined {
  if (unread === 0) return undefined;
  if (messages.some(({ id }) => id === firstUnread)) return firstUnread;
  return messages.filter(countsAsUnread).slice(-unread)[0]?.id;
}

/** Loads the end of a conversation, back to the first unread message. Only one conversation stays in memory. */
export async function openTimeline(id: ConversationId): Promise<void> {
  const { unread = 0, firstUnread } = conversationOf(id) ?? {};
  useTimelines.setState({ [id]: { messages: [], more: false, state: 'loading', divider: undefined } }, true);
  try {
    let { messages, more } = await messenger().page(id, undefined, Math.min(LARGE_PAGE_MESSAGES, PAGE_MESSAGES + unread));
    while (more && messages.length < MOST_ON_OPENING && messages.filter(countsAsUnread).length < unread) {
      const earlier = await messenger().page(id, messages[0]?.position, LARGE_PAGE_MESSAGES);
      messages = [...earlier.messages, ...messages];
      more = earlier.more;
    }
    const divider = dividerAmong(messages, unread, firstUnread);
    change(id, (timeline) => {
      const first = messages[0]?.position ?? 0;
      const meanwhile = timeline.messages.filter(({ position }) => position >= first);
      return { messages: merged(messages, meanwhile), more, divider, state: 'ready' };
    });
  } catch {
    change(id, (timeline) => ({ ...timeline, state: 'failed' }));
  }
}

const fetching = new Set<ConversationId>();

export async function loadEarlier(id: ConversationId): Promise<void> {
  const timeline = useTimelines.getState()[id];
  const first = timeline?.messages[0];
  if (!timeline?.more || !first || fetching.has(id)) return;
  fetching.add(id);
  try {
    const page = await messenger().page(id, first.position, PAGE_MESSAGES);
    change(id, (now) => ({ ...now, messages: merged(page.messages, now.messages), more: page.more }));
  } catch {
    // The relay is not asked for this, so the next scroll may well succeed.
  } finally {
    fetching.delete(id);
  }
}

export function putMessages(id: ConversationId, fresh: Message[]): void {
  change(id, (timeline) => {
    const first = timeline.more ? (timeline.messages[0]?.position ?? 0) : 0;
    return {
      ...timeline,
      messages: merged(
        timeline.messages,
        fresh.filter(({ position }) => position >= first),
      ),
    };
  });
}

export function dropMessages(id: ConversationId, ids: MessageId[]): void {
  const gone = new Set(ids);
  change(id, (timeline) => ({ ...timeline, messages: timeline.messages.filter((message) => !gone.has(message.id)) }));
}

export const clearDivider = (id: ConversationId): void => change(id, (timeline) => ({ ...timeline, divider: undefined }));

export const forgetTimelines = (): void => useTimelines.setState({}, true);
