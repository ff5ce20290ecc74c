/** Messages as they lie in storage: opened when asked for, the recent ones kept. Callers hold the vault's lock. */
import type { VaultStorage, VaultWrite } from '../../ports/vault.ts';
import { Failure } from '../api.ts';
import { freeze } from './codec.ts';
import {
  idOf,
  isTombstone,
  positions,
  SEGMENT_MESSAGES,
  type Slot,
  type StoredMessage,
  segmentCount,
  segmentOf,
  tailStart,
} from './message-units.ts';
import { type Migration, migrateMessage } from './migrations.ts';
import { createRecent } from './recent.ts';
import type { Opened, Sealer } from './seal.ts';

// About 2 MB and 1 MB of texts: what scrolling back and a burst of receipts touch again.
const SEGMENTS_KEPT = 48;
const SINGLES_KEPT = 2_048;

type UnitKind = 'segment' | 'message' | 'ids';
export type IdIndex = Map<string, number[]>;

export function createMessageDisk<M extends StoredMessage>(storage: VaultStorage, sealer: Sealer, migrations: readonly Migration[]) {
  const segments = createRecent<readonly Slot<M>[]>(SEGMENTS_KEPT);
  const singles = createRecent<Slot<M>>(SINGLES_KEPT);
  const indexes = new Map<string, IdIndex>();

  function keyOf(kind: UnitKind, conversationId: string, number: number): string {
    return sealer.nameOf(kind, conversationId, String(number));
  }

  async function readUnits(keys: readonly string[]): Promise<Opened[]> {
    const stored = await storage.readMany('segments', keys);
    return Promise.all(
      stored.map((bytes, index) => {
        // Positions have no holes: a missing unit was taken away.
        if (!bytes) throw new Failure('damaged');
        return sealer.open('segments', keys[index] as string, bytes);
      }),
    );
  }

  function slotOf({ schema }: Opened, value: unknown): Slot<M> {
    return freeze(isTombstone(value as Slot<M>) ? value : migrateMessage(migrations, schema, value)) as Slot<M>;
  }

  function segmentIn(opened: Opened): Slot<M>[] {
    const { value } = opened;
    if (!Array.isArray(value) || value.length !== SEGMENT_MESSAGES) throw new Failure('damaged');
    return value.map((one) => slotOf(opened, one));
  }

  async function loadMissing<V>(
    kind: UnitKind,
    conversationId: string,
    numbers: number[],
    cached: (key: string) => V | undefined,
    read: (opened: Opened) => V,
  ): Promise<Map<number, V>> {
    const found = new Map<number, V>();
    const missing: { number: number; key: string }[] = [];
    for (const number of numbers) {
      const key = keyOf(kind, conversationId, number);
      const value = cached(key);
      if (value === undefined) missing.push({ number, key });
      else found.set(number, value);
    }
    const opened = await readUnits(missing.map(({ key }) => key));
    for (const [index, { number }] of missing.entries()) found.set(number, read(opened[index] as Opened));
    return found;
  }

  async function load(conversationId: string, next: number, wanted: readonly number[]): Promise<Map<number, Slot<M>>> {
    const start = tailStart(next);
    const numbers = [...new Set(wanted.filter((position) => position < start).map(segmentOf))];
    const loaded = await loadMissing('segment', conversationId, numbers, segments.get, segmentIn);
    for (const [number, slots] of loaded) segments.set(keyOf('segment', conversationId, number), slots);
    const tail = wanted.filter((position) => position >= start);
    const slots = await loadMissing('message', conversationId, tail, singles.get, (opened) => slotOf(opened, opened.value));
    for (const [position, slot] of slots) singles.set(keyOf('message', conversationId, position), slot);
    for (const position of wanted) {
      const slot = loaded.get(segmentOf(position))?.[position % SEGMENT_MESSAGES];
      if (position < start && slot) slots.set(position, slot);
    }
    return slots;
  }

  function addToIndex(index: IdIndex, id: string, position: number): void {
    index.set(id, [...(index.get(id) ?? []), position]);
  }

  /** Built when a conversation is first searched for an id: from the ids beside its segments and from its tail. */
  async function indexOf(conversationId: string, next: number): Promise<IdIndex> {
    const known = indexes.get(conversationId);
    if (known) return known;
    const index: IdIndex = new Map();
    const opened = await readUnits(positions(0, segmentCount(next)).map((number) => keyOf('ids', conversationId, number)));
    for (const [number, { value }] of opened.entries()) {
      if (!Array.isArray(value) || value.length !== SEGMENT_MESSAGES) throw new Failure('damaged');
      for (const [offset, id] of value.entries()) addToIndex(index, id as string, number * SEGMENT_MESSAGES + offset);
    }
    const tail = await load(conversationId, next, positions(tailStart(next), next));
    for (const position of positions(tailStart(next), next)) addToIndex(index, idOf(tail.get(position) as Slot<M>), position);
    indexes.set(conversationId, index);
    return index;
  }

  return {
    load,
    indexOf,
    addToIndex(conversationId: string, id: string, position: number): void {
      const index = indexes.get(conversationId);
      if (index) addToIndex(index, id, position);
    },
    dropIndex: (conversationId: string) => indexes.delete(conversationId),
    remove(kind: UnitKind, conversationId: string, number: number): VaultWrite {
      return { table: 'segments', key: keyOf(kind, conversationId, number), value: null };
    },
    async write(kind: UnitKind, conversationId: string, number: number, value: unknown): Promise<VaultWrite> {
      const key = keyOf(kind, conversationId, number);
      return { table: 'segments', key, value: await sealer.seal('segments', key, value) };
    },
    /** After the commit: what was written is what is there. */
    keepSegment: (conversationId: string, number: number, slots: readonly Slot<M>[]) =>
      segments.set(keyOf('segment', conversationId, number), slots),
    keepSingle: (conversationId: string, position: number, slot: Slot<M>) => singles.set(keyOf('message', conversationId, position), slot),
    dropSingle: (conversationId: string, position: number) => singles.delete(keyOf('message', conversationId, position)),
    clear(): void {
      segments.clear();
      singles.clear();
      indexes.clear();
    },
    dropConversation(conversationId: string, next: number): void {
      for (const number of positions(0, segmentCount(next))) segments.delete(keyOf('segment', conversationId, number));
      for (const position of positions(tailStart(next), next)) singles.delete(keyOf('message', conversationId, position));
      indexes.delete(conversationId);
    },
  };
}

export type MessageDisk<M extends StoredMessage> = ReturnType<typeof createMessageDisk<M>>;
