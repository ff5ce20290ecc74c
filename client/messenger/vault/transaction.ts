/** One commit being made: what it has changed so far is what it reads. Every value is taken over and frozen. */
import { Failure } from '../api.ts';
import { freeze } from './codec.ts';
import type { ConversationChange } from './message-changes.ts';
import { createMessageReader, type MessageReader, type MessageView } from './messages.ts';
import { idOf, type Slot, type StoredMessage, senderOf } from './message-units.ts';
import type { RecordChange } from './records.ts';
import { type Records, recordsOf, type StoreOf } from './store.ts';

export type MessageWriter<M extends StoredMessage> = MessageReader<M> & {
  /** Returns its position. */
  append(conversationId: string, message: M): number;
  /** A new state of a message; its id and sender stay. */
  replace(conversationId: string, position: number, message: M): Promise<void>;
  /** Its id stays known to `find`. */
  delete(conversationId: string, position: number): Promise<void>;
  /** All of it, ids included; positions start at 0 again. */
  deleteConversation(conversationId: string): void;
};

export type Transaction<M extends StoredMessage> = {
  get<T>(store: StoreOf<T>, name: string): T | undefined;
  entries<T>(store: StoreOf<T>): [name: string, value: T][];
  put<T>(store: StoreOf<T>, name: string, value: T): void;
  delete<T>(store: StoreOf<T>, name: string): void;
  readonly messages: MessageWriter<M>;
};

export type Changes<M extends StoredMessage> = {
  readonly records: Map<string, RecordChange>;
  readonly conversations: Map<string, ConversationChange<M>>;
};

function createMessageWriter<M extends StoredMessage>(
  changes: Map<string, ConversationChange<M>>,
  { disk, stored, read }: Omit<MessageView<M>, 'change'>,
  requireOpen: () => void,
): MessageWriter<M> {
  function changeOf(conversationId: string): ConversationChange<M> {
    requireOpen();
    let change = changes.get(conversationId);
    if (!change) {
      const before = stored(conversationId);
      change = { before, dropped: false, next: before, slots: new Map() };
      changes.set(conversationId, change);
    }
    return change;
  }

  const reader = createMessageReader<M>({ disk, stored, read, change: (conversationId) => changes.get(conversationId) });

  async function present(conversationId: string, position: number): Promise<M> {
    const message = await reader.get(conversationId, position);
    if (!message) throw new Failure('broken');
    return message;
  }

  return {
    ...reader,
    append(conversationId, message) {
      const change = changeOf(conversationId);
      const position = change.next;
      change.slots.set(position, freeze(message));
      change.next = position + 1;
      return position;
    },
    async replace(conversationId, position, message) {
      const old: Slot<M> = await present(conversationId, position);
      if (idOf(old) !== message.id || senderOf(old) !== message.from) throw new Failure('broken');
      changeOf(conversationId).slots.set(position, freeze(message));
    },
    async delete(conversationId, position) {
      const old = await present(conversationId, position);
      changeOf(conversationId).slots.set(position, ['gone', old.id, old.from]);
    },
    deleteConversation(conversationId) {
      requireOpen();
      changes.set(conversationId, { before: stored(conversationId), dropped: true, next: 0, slots: new Map() });
    },
  };
}

export function createTransaction<M extends StoredMessage>(
  records: Records,
  view: Omit<MessageView<M>, 'change'>,
): { transaction: Transaction<M>; changes: Changes<M> /** Whatever comes later would be lost: it throws. */; end(): void } {
  const changes: Changes<M> = { records: new Map(), conversations: new Map() };
  let ended = false;
  const requireOpen = (): void => {
    if (ended) throw new Failure('broken');
  };

  function change(store: string, name: string, value: unknown): void {
    requireOpen();
    if (store.startsWith('@')) throw new Failure('broken');
    changes.records.set(`${store}\0${name}`, { store, name, value });
  }

  const transaction: Transaction<M> = {
    get<T>(store: StoreOf<T>, name: string) {
      const changed = changes.records.get(`${store.name}\0${name}`);
      return (changed ? changed.value : recordsOf(records, store.name).get(name)) as T | undefined;
    },
    entries<T>(store: StoreOf<T>) {
      const merged = new Map(recordsOf(records, store.name));
      for (const one of changes.records.values()) {
        if (one.store !== store.name) continue;
        if (one.value === undefined) merged.delete(one.name);
        else merged.set(one.name, one.value);
      }
      return [...merged] as [string, T][];
    },
    put(store, name, value) {
      if (value === undefined) throw new Failure('broken');
      change(store.name, name, freeze(value));
    },
    delete(store, name) {
      change(store.name, name, undefined);
    },
    messages: createMessageWriter(changes.conversations, view, requireOpen),
  };
  return {
    transaction,
    changes,
    end() {
      ended = true;
    },
  };
}
