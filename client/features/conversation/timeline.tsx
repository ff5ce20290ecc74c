import { useVirtualizer } from '@tanstack/react-virtual';
import { ArrowDown } from 'lucide-react';
import { type KeyboardEvent, useEffect, useMemo, useRef, useState } from 'react';
import type { Conversation } from '../../messenger/api.ts';
import { nameOf, useConversations } from '../../store/conversations.ts';
import { me } from '../../store/session.ts';
import { loadEarlier, openTimeline, useTimelines } from '../../store/timelines.ts';
import { words } from '../../ui/copy/common.ts';
import { eventSentence, pane } from '../../ui/copy/conversation.ts';
import { Button } from '../../ui/button.tsx';
import { dayName } from '../../ui/format-time.ts';
import { Spinner } from '../../ui/spinner.tsx';
import { Beginning } from './beginning.tsx';
import { Bubble } from './bubble.tsx';
import { rowsOf, type TimelineRow } from './rows.ts';
import styles from './timeline.module.css';
import { useMarkRead } from './use-mark-read.ts';
import { AT_END_PX, useScrolling } from './use-scrolling.ts';

const ESTIMATE_PX = { beginning: 96, day: 44, divider: 44, event: 36, bubble: 44 } as const;
const EARLIER_WITHIN_ROWS = 10;
const SKELETON_AFTER_MS = 300;

function LateSpinner({ label }: { label?: string }) {
  const [late, setLate] = useState(false);
  useEffect(() => {
    const timer = setTimeout(() => setLate(true), SKELETON_AFTER_MS);
    return () => clearTimeout(timer);
  }, []);
  return late ? <Spinner {...(label === undefined ? {} : { label })} /> : null;
}

/** The messages of one conversation. It opens at the first unread, stays at the end only when it is there, and never jumps. */
export function Timeline({ conversation }: { conversation: Conversation }) {
  const timeline = useTimelines((all) => all[conversation.id]);
  useEffect(() => void openTimeline(conversation.id), [conversation.id]);
  if (!timeline || timeline.state === 'loading')
    return (
      <div className={styles['wait']}>
        <LateSpinner />
      </div>
    );
  if (timeline.state === 'failed')
    return (
      <div className={styles['wait']}>
        <p>{pane.failedToLoad}</p>
        <Button onClick={() => void openTimeline(conversation.id)}>{words.retry}</Button>
      </div>
    );
  return <Messages key={conversation.id} conversation={conversation} />;
}

const KEYS = { Home: true, End: true, ArrowUp: true, ArrowDown: true };

/** From message to message, beginning with the lowest that is in sight. They are in the page in the order in which they are shown. */
function focusNeighbour(log: HTMLElement, by: 1 | -1): void {
  const drawn = [...log.querySelectorAll<HTMLElement>('[data-message]')];
  const { bottom } = log.getBoundingClientRect();
  const at = drawn.findIndex((one) => one.contains(document.activeElement));
  const next = at < 0 ? drawn.findLast((one) => one.getBoundingClientRect().bottom <= bottom) : drawn[at + by];
  next?.focus({ preventScroll: true });
  next?.scrollIntoView({ block: 'nearest' });
}

function Messages({ conversation }: { conversation: Conversation }) {
  const { id } = conversation;
  const timeline = useTimelines((all) => all[id]);
  const names = useConversations((state) => state.names);
  const messages = timeline?.messages ?? [];
  const rows = useMemo(
    () => rowsOf(timeline?.messages ?? [], timeline?.divider, timeline?.more ?? false),
    [timeline?.messages, timeline?.divider, timeline?.more],
  );
  const scroller = useRef<HTMLDivElement>(null);
  const [topDay, setTopDay] = useState<number>();

  const virtualizer = useVirtualizer({
    count: rows.length,
    getScrollElement: () => scroller.current,
    estimateSize: (index) => ESTIMATE_PX[rows[index]?.kind ?? 'bubble'],
    getItemKey: (index) => rows[index]?.key ?? index,
    overscan: 12,
    paddingStart: 8,
    paddingEnd: 12,
    anchorTo: 'end',
    followOnAppend: true,
    scrollEndThreshold: AT_END_PX,
  });
  const items = virtualizer.getVirtualItems();
  const range = virtualizer.range;

  const divider = rows.findIndex(({ kind }) => kind === 'divider');
  const { opened, atEnd, look } = useScrolling(virtualizer, scroller, divider);

  // One's own message is always followed to the end.
  const lastOwn = messages.at(-1)?.mine ? messages.at(-1)?.id : undefined;
  const seenOwn = useRef(lastOwn);
  useEffect(() => {
    if (lastOwn === seenOwn.current) return;
    seenOwn.current = lastOwn;
    if (lastOwn) virtualizer.scrollToEnd();
  }, [lastOwn, virtualizer]);

  const more = timeline?.more ?? false;
  const nearTop = opened && more && range !== null && range.startIndex < EARLIER_WITHIN_ROWS;
  const oldest = messages[0]?.id;
  // biome-ignore lint/correctness/useExhaustiveDependencies: with every page that came, whether one is still near the top
  useEffect(() => {
    if (nearTop) void loadEarlier(id);
  }, [nearTop, id, oldest]);

  const onScroll = (): void => {
    const element = scroller.current;
    if (!element) return;
    look();
    const top = virtualizer.getVirtualItemForOffset(element.scrollTop + 8);
    const topRow = top && rows[top.index];
    // A day or the divider says it itself.
    setTopDay(topRow && 'message' in topRow ? topRow.at : undefined);
  };
  useMarkRead(conversation, rows, opened ? range?.endIndex : undefined, scroller);

  const onKeyDown = (event: KeyboardEvent<HTMLDivElement>): void => {
    const { key, target, currentTarget, altKey } = event;
    // Menus are elsewhere on the page and only here for React.
    if (altKey || !currentTarget.contains(target as Node) || !(key in KEYS)) return;
    event.preventDefault();
    // The browser would glide there, and stop half-way where rows are measured or loaded.
    if (key === 'Home') currentTarget.scrollTo(0, 0);
    else if (key === 'End') virtualizer.scrollToEnd();
    else focusNeighbour(currentTarget, key === 'ArrowUp' ? -1 : 1);
  };

  const self = me()?.accountId;
  const name = (accountId: string): string => (accountId === self ? words.you : nameOf(names, accountId));
  const group = conversation.kind === 'group';
  const show = (row: TimelineRow) => {
    if (row.kind === 'beginning') return <Beginning conversation={conversation} />;
    if (row.kind === 'day') return <h3 className={styles['day']}>{dayName(row.at, Date.now())}</h3>;
    if (row.kind === 'divider') return <p className={styles['divider']}>{pane.unreadFrom}</p>;
    const { message } = row;
    if (row.kind === 'event')
      return <p className={styles['event']}>{message.body.kind === 'system' ? eventSentence(message.body.event, name) : null}</p>;
    return <Bubble message={message} sender={name(message.from)} first={row.first} last={row.last} group={group} />;
  };

  return (
    <div className={styles['area']}>
      {topDay !== undefined && virtualizer.isScrolling ? (
        <div className={styles['pill']} aria-hidden>
          {dayName(topDay, Date.now())}
        </div>
      ) : null}
      <div
        ref={scroller}
        className={styles['scroller']}
        // biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls must be reachable without a mouse
        tabIndex={0}
        role="log"
        aria-label={pane.messages}
        aria-live="polite"
        aria-relevant="additions"
        onScroll={onScroll}
        onKeyDown={onKeyDown}
      >
        <div className={styles['rows']} style={{ height: virtualizer.getTotalSize() }}>
          {items.map((item) => {
            const row = rows[item.index];
            return row ? (
              <div
                key={item.key}
                ref={virtualizer.measureElement}
                data-index={item.index}
                className={styles['item']}
                style={{ transform: `translateY(${item.start}px)` }}
              >
                {show(row)}
              </div>
            ) : null;
          })}
        </div>
      </div>
      {nearTop ? (
        <div className={styles['earlier']}>
          <LateSpinner key={oldest} label={pane.earlier} />
        </div>
      ) : null}
      {atEnd ? null : (
        <button
          type="button"
          className={styles['toEnd']}
          aria-label={conversation.unread > 0 ? pane.toBottomCount(conversation.unread) : pane.toBottom}
          onClick={() => virtualizer.scrollToEnd()}
          onWheel={({ deltaY }) => scroller.current?.scrollBy(0, deltaY)}
        >
          <ArrowDown size={20} strokeWidth={1.75} aria-hidden />
          {conversation.unread > 0 ? <span className={styles['toEndCount']}>{conversation.unread}</span> : null}
        </button>
      )}
    </div>
  );
}
