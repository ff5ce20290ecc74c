/**
 * One step of the engine: reads see what is committed and what this step already changed; nothing is kept, said or shown before the one
 * commit at its end (HOUSE: commit before you speak, commit before you ack).
 */
import type { AccountId, ConversationId, MessageId, MessagePage } from './api.ts';
import type { StoredMessage, TableName, Tables } from './state.ts';

export type Place = { conversationId: ConversationId; position: number };

export type RecordChange = { table: TableName; key: string; value: unknown };
export type MessageChange = Place & { value: StoredMessage | null };

export type View = {
  /** Rows before a position, ascending; of what is committed. */
  page(conversationId: ConversationId, before: number | undefined, limit: number): Promise<MessagePage>;
  get<T extends TableName>(table: T, key: string): Tables[T] | undefined;
  all<T extends TableName>(table: T): Iterable<[key: string, value: Tables[T]]>;
  message(conversationId: ConversationId, position: number): Promise<StoredMessage | undefined>;
  /** By id and sender: two senders may have chosen the same id. `message` is null where it was deleted. */
  find(conversationId: ConversationId, id: MessageId, from: AccountId): Promise<{ message: StoredMessage | null } | undefined>;
};

export type Step = View & {
  put<T extends TableName>(table: T, key: string, value: Tables[T]): void;
  remove(table: TableName, key: string): void;
  putMessage(message: StoredMessage): void;
  removeMessage(place: Place): void;
  /** All rows of a conversation. */
  removeMessages(conversationId: ConversationId): void;
  /** Runs once the step is committed, in the order given: the place to speak, ack and show. */
  after(run: () => void): void;
  /** Its changes count only when it resolves; used where trying may fail and the rest of the step must stand. */
  attempt<T>(run: (step: Step) => Promise<T>): Promise<T>;
};

export type Changes = { records: RecordChange[]; messages: MessageChange[]; dropped: ConversationId[]; after: (() => void)[] };

const placeKey = (place: Place): string => `${place.conversationId} ${place.position}`;

export function createStep(under: View): { step: Step; changes(): Changes } {
  const records = new Map<TableName, Map<string, unknown>>();
  const messages = new Map<string, MessageChange>();
  const dropped: ConversationId[] = [];
  const after: (() => void)[] = [];

  function changed(table: TableName): Map<string, unknown> {
    const map = records.get(table) ?? new Map<string, unknown>();
    records.set(table, map);
    return map;
  }

  function* all<T extends TableName>(table: T): Generator<[string, Tables[T]]> {
    const own = records.get(table);
    for (const entry of under.all(table)) if (!own?.has(entry[0])) yield entry;
    if (own) for (const [key, value] of own) if (value !== null) yield [key, value as Tables[T]];
  }

  const change = (message: MessageChange): void => void messages.set(placeKey(message), message);

  const step: Step = {
    get<T extends TableName>(table: T, key: string) {
      const own = records.get(table)?.get(key);
      return own === undefined ? under.get(table, key) : ((own ?? undefined) as Tables[T] | undefined);
    },
    all,
    page: under.page,
    async message(conversationId, position) {
      const own = messages.get(placeKey({ conversationId, position }));
      return own ? (own.value ?? undefined) : under.message(conversationId, position);
    },
    async find(conversationId, id, from) {
      for (const { value } of messages.values()) {
        if (value?.id === id && value.conversationId === conversationId && value.from === from) return { message: value };
      }
      const found = await under.find(conversationId, id, from);
      if (!found?.message) return found;
      const own = messages.get(placeKey(found.message));
      return own ? { message: own.value } : found;
    },
    put: (table, key, value) => void changed(table).set(key, value),
    remove: (table, key) => void changed(table).set(key, null),
    putMessage: (value) => change({ conversationId: value.conversationId, position: value.position, value }),
    removeMessage: (place) => change({ ...place, value: null }),
    removeMessages: (conversationId) => void dropped.push(conversationId),
    after: (run) => void after.push(run),
    async attempt(run) {
      const inner = createStep(step);
      const result = await run(inner.step);
      const made = inner.changes();
      for (const { table, key, value } of made.records) changed(table).set(key, value);
      for (const message of made.messages) change(message);
      dropped.push(...made.dropped);
      after.push(...made.after);
      return result;
    },
  };

  const changes = (): Changes => ({
    records: [...records].flatMap(([table, map]) => [...map].map(([key, value]) => ({ table, key, value }))),
    messages: [...messages.values()],
    dropped,
    after,
  });
  return { step, changes };
}
