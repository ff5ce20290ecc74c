import type { Message, MessageId } from '../../messenger/api.ts';
import { sameDay } from '../../ui/format-time.ts';

/** What stands in the timeline, from top to bottom. */
export type TimelineRow =
  | { kind: 'beginning'; key: string; at: number }
  | { kind: 'day'; key: string; at: number }
  | { kind: 'divider'; key: string; at: number }
  | { kind: 'event'; key: string; at: number; message: Message }
  /** `first` and `last` of a run by one author within five minutes: one name, one tail, one time. */
  | { kind: 'bubble'; key: string; at: number; message: Message; first: boolean; last: boolean };

const RUN_MS = 5 * 60_000;

/** The time a row is shown under: one's own sending, others' arrival, so that nobody's clock reorders the days. */
export const shownAt = (message: Message): number => (message.mine ? message.sentAt : message.receivedAt);

const sameRun = (one: Message | undefined, other: Message | undefined, divider: MessageId | undefined): boolean =>
  one !== undefined &&
  other !== undefined &&
  one.from === other.from &&
  one.body.kind !== 'system' &&
  other.body.kind !== 'system' &&
  other.id !== divider &&
  shownAt(other) - shownAt(one) < RUN_MS &&
  sameDay(shownAt(one), shownAt(other));

export function rowsOf(messages: readonly Message[], divider: MessageId | undefined, more: boolean): TimelineRow[] {
  const rows: TimelineRow[] = more ? [] : [{ kind: 'beginning', key: 'beginning', at: messages[0] ? shownAt(messages[0]) : 0 }];
  for (const [index, message] of messages.entries()) {
    const before = messages[index - 1];
    const at = shownAt(message);
    // What comes first of a part may not be the first of its day, and as the row on top it would be gone when more is loaded above it.
    const opensDay = before ? !sameDay(shownAt(before), at) : !more;
    if (opensDay) rows.push({ kind: 'day', key: `day ${new Date(at).toDateString()} ${message.id}`, at });
    if (message.id === divider) rows.push({ kind: 'divider', key: 'divider', at });
    if (message.body.kind === 'system') rows.push({ kind: 'event', key: message.id, at, message });
    else {
      const first = !sameRun(before, message, divider);
      const last = !sameRun(message, messages[index + 1], divider);
      rows.push({ kind: 'bubble', key: message.id, at, message, first, last });
    }
  }
  return rows;
}
