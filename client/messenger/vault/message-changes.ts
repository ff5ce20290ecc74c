/** What one transaction does to messages, and the storage writes it comes to. */
import type { VaultWrite } from '../../ports/vault.ts';
import type { MessageDisk } from './message-disk.ts';
import { idOf, positions, SEGMENT_MESSAGES, type Slot, type StoredMessage, segmentCount, segmentOf, tailStart } from './message-units.ts';

export type ConversationChange<M extends StoredMessage> = {
  /** The next position on disk; 0 when there is nothing. */
  readonly before: number;
  /** What was on disk goes away first; positions start anew. */
  dropped: boolean;
  next: number;
  readonly slots: Map<number, Slot<M>>;
};

export type MessagePlan = { writes: Promise<VaultWrite>[] /** Brings the caches to what was written. */; apply(): void };

function dropWrites<M extends StoredMessage>(disk: MessageDisk<M>, conversationId: string, before: number): VaultWrite[] {
  return [
    ...positions(0, segmentCount(before)).flatMap((number) => [
      disk.remove('segment', conversationId, number),
      disk.remove('ids', conversationId, number),
    ]),
    ...positions(tailStart(before), before).map((position) => disk.remove('message', conversationId, position)),
  ];
}

export async function planMessages<M extends StoredMessage>(
  disk: MessageDisk<M>,
  conversationId: string,
  change: ConversationChange<M>,
): Promise<MessagePlan> {
  const base = change.dropped ? 0 : change.before;
  const { next, slots: changed } = change;
  const writes: Promise<VaultWrite>[] = change.dropped
    ? dropWrites(disk, conversationId, change.before).map((write) => Promise.resolve(write))
    : [];
  const after: (() => void)[] = change.dropped ? [() => disk.dropConversation(conversationId, change.before)] : [];

  const sealedBefore = segmentCount(base);
  const fresh = positions(sealedBefore, segmentCount(next));
  const touched = [...new Set([...changed.keys()].map(segmentOf).filter((number) => number < sealedBefore))];
  for (const number of [...touched, ...fresh]) {
    const range = positions(number * SEGMENT_MESSAGES, (number + 1) * SEGMENT_MESSAGES);
    const old = await disk.load(
      conversationId,
      base,
      range.filter((position) => !changed.has(position)),
    );
    const slots = range.map((position) => (changed.get(position) ?? old.get(position)) as Slot<M>);
    writes.push(disk.write('segment', conversationId, number, slots));
    after.push(() => disk.keepSegment(conversationId, number, slots));
    if (number < sealedBefore) continue;
    writes.push(disk.write('ids', conversationId, number, slots.map(idOf)));
    for (const position of range.filter((one) => one < base)) {
      writes.push(Promise.resolve(disk.remove('message', conversationId, position)));
      after.push(() => disk.dropSingle(conversationId, position));
    }
  }

  for (const [position, slot] of changed) {
    if (position >= base) after.push(() => disk.addToIndex(conversationId, idOf(slot), position));
    if (position < tailStart(next)) continue;
    writes.push(disk.write('message', conversationId, position, slot));
    after.push(() => disk.keepSingle(conversationId, position, slot));
  }
  return {
    writes,
    apply() {
      for (const step of after) step();
    },
  };
}
