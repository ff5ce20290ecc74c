/** Reading messages: on disk, or on disk with the changes of a transaction above. */
import { Failure } from '../api.ts';
import type { ConversationChange } from './message-changes.ts';
import type { MessageDisk } from './message-disk.ts';
import { idOf, messageIn, positions, type Slot, type StoredMessage, senderOf } from './message-units.ts';

export type MessageEntry<M> = { position: number; message: M };
export type FoundMessage<M> = { position: number /** null: it was here and is deleted. */; message: M | null };

/** Positions ascend from 0 in the order of appending and never change. */
export type MessageReader<M extends StoredMessage> = {
  /** The position the next appended message will have. */
  next(conversationId: string): number;
  /** The last `limit` messages before the position (or of all), ascending; deleted ones are left out. */
  page(conversationId: string, before: number | undefined, limit: number): Promise<{ entries: MessageEntry<M>[]; more: boolean }>;
  /** undefined: never there, or deleted. */
  get(conversationId: string, position: number): Promise<M | undefined>;
  /** By id, and by sender too where the id came from outside: two senders may have chosen the same one. */
  find(conversationId: string, id: string, from?: string): Promise<FoundMessage<M> | undefined>;
  /** Every message, newest first, in bounded batches (ascending within one); for search. */
  scan(conversationId: string): AsyncGenerator<MessageEntry<M>[]>;
};

// A page deep in a conversation of deletions still reads storage in few steps.
const SCAN_MESSAGES = 256;

export type MessageView<M extends StoredMessage> = {
  disk: MessageDisk<M>;
  /** The next position on disk. */
  stored(conversationId: string): number;
  change(conversationId: string): ConversationChange<M> | undefined;
  read<R>(run: () => Promise<R>): Promise<R>;
};

export function createMessageReader<M extends StoredMessage>({ disk, stored, change, read }: MessageView<M>): MessageReader<M> {
  const next = (conversationId: string): number => change(conversationId)?.next ?? stored(conversationId);

  async function load(conversationId: string, wanted: number[]): Promise<Slot<M>[]> {
    const changed = change(conversationId);
    const under = wanted.filter((position) => !changed?.slots.has(position));
    const loaded = await disk.load(conversationId, stored(conversationId), under);
    return wanted.map((position) => (changed?.slots.get(position) ?? loaded.get(position)) as Slot<M>);
  }

  async function entries(conversationId: string, from: number, to: number): Promise<MessageEntry<M>[]> {
    const slots = await load(conversationId, positions(from, to));
    return slots.flatMap((slot, index) => {
      const message = messageIn(slot);
      return message ? [{ position: from + index, message }] : [];
    });
  }

  async function candidates(conversationId: string, id: string): Promise<number[]> {
    const changed = change(conversationId);
    const above = [...(changed?.slots ?? [])].filter(([, slot]) => idOf(slot) === id).map(([position]) => position);
    if (changed?.dropped) return above;
    const below = (await disk.indexOf(conversationId, stored(conversationId))).get(id) ?? [];
    return [...new Set([...below, ...above])];
  }

  return {
    next,
    page(conversationId, before, limit) {
      if (!(limit >= 1)) throw new Failure('broken');
      return read(async () => {
        let end = Math.min(before ?? Number.MAX_SAFE_INTEGER, next(conversationId));
        let found: MessageEntry<M>[] = [];
        // One more than asked for, to know whether there are more.
        while (end > 0 && found.length <= limit) {
          const start = Math.max(0, end - Math.min(SCAN_MESSAGES, limit + 1));
          found = [...(await entries(conversationId, start, end)), ...found];
          end = start;
        }
        return { entries: found.slice(-limit), more: found.length > limit };
      });
    },
    get(conversationId, position) {
      return read(async () => {
        if (!Number.isSafeInteger(position) || position < 0 || position >= next(conversationId)) return undefined;
        const [slot] = await load(conversationId, [position]);
        return messageIn(slot as Slot<M>) ?? undefined;
      });
    },
    find(conversationId, id, from) {
      return read(async () => {
        const possible = await candidates(conversationId, id);
        const slots = await load(conversationId, possible);
        for (const [index, slot] of slots.entries()) {
          if (from === undefined || senderOf(slot) === from) return { position: possible[index] as number, message: messageIn(slot) };
        }
        return undefined;
      });
    },
    async *scan(conversationId) {
      for (let end = next(conversationId); end > 0; end -= SCAN_MESSAGES) {
        const start = Math.max(0, end - SCAN_MESSAGES);
        // Dropped or shortened meanwhile: the rest is what is still there.
        yield await read(() => entries(conversationId, start, Math.min(end, next(conversationId))));
      }
    },
  };
}
