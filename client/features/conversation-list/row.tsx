import { BadgeCheck } from 'lucide-react';
import { memo } from 'react';
import type { Conversation } from '../../messenger/api.ts';
import { nameOf, useConversations } from '../../store/conversations.ts';
import { openConversation } from '../../store/route.ts';
import { me } from '../../store/session.ts';
import { Avatar } from '../../ui/avatar.tsx';
import { words } from '../../ui/copy/common.ts';
import { lastLine, list } from '../../ui/copy/conversation.ts';
import { fullTime, shortTime } from '../../ui/format-time.ts';
import { Ticks } from '../../ui/ticks.tsx';
import styles from './list.module.css';

function Preview({ conversation, open }: { conversation: Conversation; open: boolean }) {
  const names = useConversations((state) => state.names);
  const { draft, typing, last, kind } = conversation;
  if (typing.length > 0) return <span className={styles['live']}>{list.typing}</span>;
  if (draft !== '' && !open)
    return (
      <>
        <span className={styles['draft']}>{list.draft}</span> {draft}
      </>
    );
  if (!last) return list.nothingYet;
  const self = me()?.accountId;
  return (
    <>
      {last.mine && !last.system && kind !== 'self' ? <Ticks status={last.status} /> : null}{' '}
      {lastLine({ ...last, mine: last.mine && kind === 'group' }, kind, (id) => (id === self ? words.you : nameOf(names, id)))}
    </>
  );
}

/** 64 px of who, what last, when, and how many are unread. */
export const Row = memo(function Row({ conversation, open }: { conversation: Conversation; open: boolean }) {
  const { id, kind, contact, activeAt } = conversation;
  // What is being looked at is as good as read; the title still counts it for a page in the background.
  const unread = open ? 0 : conversation.unread;
  const title = kind === 'self' ? words.noteToSelf : conversation.title;
  return (
    <button
      type="button"
      data-row={id}
      className={styles['row']}
      aria-current={open ? 'page' : undefined}
      data-unread={unread > 0 ? '' : undefined}
      onClick={() => openConversation(id)}
    >
      <Avatar id={id} name={title} kind={kind} />
      <span className={styles['what']}>
        <span className={styles['line']}>
          <span className={styles['name']}>
            <bdi>{title}</bdi>
            {contact?.verified ? (
              <BadgeCheck size={16} strokeWidth={1.75} role="img" aria-label={words.verified} className={styles['check']} />
            ) : null}
          </span>
          <time className={styles['time']} dateTime={new Date(activeAt).toISOString()} title={fullTime(activeAt)}>
            {shortTime(activeAt, Date.now())}
          </time>
        </span>
        <span className={styles['line']}>
          <span className={styles['preview']} dir="auto">
            <Preview conversation={conversation} open={open} />
          </span>
          {unread > 0 ? (
            <span className={styles['count']} role="img" aria-label={list.unread(unread)}>
              {unread > 99 ? '99+' : unread}
            </span>
          ) : null}
        </span>
      </span>
    </button>
  );
});
