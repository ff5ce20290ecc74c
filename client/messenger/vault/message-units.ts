/**
 * Where a conversation's messages lie. Positions count from 0 without holes. Every 128 positions that are old enough form one sealed
 * segment (with their ids in a record beside it, to find a message without opening its segment); at least the last 128 lie singly, so
 * that new messages and the receipts that follow them rewrite one small record and not 40 kB.
 */
export const SEGMENT_MESSAGES = 128;

/** How many segments a conversation with this next position has. */
export function segmentCount(next: number): number {
  return Math.max(0, Math.floor(next / SEGMENT_MESSAGES) - 1);
}

/** The first position that lies singly. */
export function tailStart(next: number): number {
  return segmentCount(next) * SEGMENT_MESSAGES;
}

export function segmentOf(position: number): number {
  return Math.floor(position / SEGMENT_MESSAGES);
}

export function positions(from: number, to: number): number[] {
  return Array.from({ length: Math.max(0, to - from) }, (_, index) => from + index);
}

/** A deleted message leaves its id, so that a second delivery is still known as one. */
export type Tombstone = readonly ['gone', id: string, from: string];
export type StoredMessage = { readonly id: string; readonly from: string };
export type Slot<M extends StoredMessage> = M | Tombstone;

export function isTombstone<M extends StoredMessage>(slot: Slot<M>): slot is Tombstone {
  return Array.isArray(slot);
}

export function idOf<M extends StoredMessage>(slot: Slot<M>): string {
  return isTombstone(slot) ? slot[1] : slot.id;
}

export function senderOf<M extends StoredMessage>(slot: Slot<M>): string {
  return isTombstone(slot) ? slot[2] : slot.from;
}

export function messageIn<M extends StoredMessage>(slot: Slot<M>): M | null {
  return isTombstone(slot) ? null : slot;
}
