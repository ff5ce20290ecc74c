import { Copy, EllipsisVertical, Info, Trash2 } from 'lucide-react';
import { type CSSProperties, memo, useState } from 'react';
import type { Message } from '../../messenger/api.ts';
import { messenger } from '../../store/messenger.ts';
import { openOverlay } from '../../store/route.ts';
import { dropMessages, putMessages } from '../../store/timelines.ts';
import { toast, toastWithUndo } from '../../store/toasts.ts';
import { Avatar } from '../../ui/avatar.tsx';
import { Button, IconButton } from '../../ui/button.tsx';
import { words } from '../../ui/copy/common.ts';
import { bubbleLabel, pane } from '../../ui/copy/conversation.ts';
import { failureSentence, sentenceOf } from '../../ui/copy/failure.ts';
import { copyText } from '../../ui/copy-text.ts';
import { clock, fullTime } from '../../ui/format-time.ts';
import { hueOf } from '../../ui/identity-look.ts';
import { Menu, MenuAt, MenuItem } from '../../ui/menu.tsx';
import { Ticks } from '../../ui/ticks.tsx';
import styles from './bubble.module.css';
import { shownAt } from './rows.ts';
import { MessageText } from './text.tsx';
import { useLongPress } from './use-long-press.ts';

const complain = (error: unknown): void => toast(failureSentence(error), { tone: 'danger' });

/** Gone from the screen now, from the device when the moment for second thoughts is over. */
function deleteForMe(message: Message): void {
  const { conversationId, id } = message;
  dropMessages(conversationId, [id]);
  toastWithUndo(
    pane.deletedForMe,
    () => void messenger().deleteForMe(conversationId, [id]).catch(complain),
    () => putMessages(conversationId, [message]),
  );
}

function Actions({ message }: { message: Message }) {
  const { body } = message;
  return (
    <>
      {body.kind === 'text' ? (
        <MenuItem icon={Copy} onSelect={() => void copyText(body.text).then((done) => toast(done ? words.copied : words.copyFailed))}>
          {pane.copyText}
        </MenuItem>
      ) : null}
      <MenuItem icon={Info} onSelect={() => openOverlay({ name: 'message-info', of: message.id })}>
        {pane.info}
      </MenuItem>
      <MenuItem icon={Trash2} tone="danger" onSelect={() => deleteForMe(message)}>
        {pane.deleteForMe}
      </MenuItem>
    </>
  );
}

type BubbleProps = {
  message: Message;
  sender: string;
  first: boolean;
  last: boolean;
  /** Others' names and avatars are shown. */
  group: boolean;
};

function Content({ message }: { message: Message }) {
  const { body } = message;
  if (body.kind === 'text') return <MessageText text={body.text} />;
  return <em className={styles['quiet']}>{body.kind === 'waiting' ? pane.waiting : pane.unknown}</em>;
}

export const Bubble = memo(function Bubble({ message, sender, first, last, group }: BubbleProps) {
  const [place, setPlace] = useState<{ x: number; y: number }>();
  const { cancel: cancelPress, ...press } = useLongPress(setPlace);
  const { mine, status } = message;
  const at = shownAt(message);
  const others = group && !mine;
  // A run has one time, at its end; what is not on its way yet says so itself.
  const unsettled = mine && (status === 'pending' || status === 'failed');
  return (
    <div
      className={styles['row']}
      data-hued
      data-mine={mine ? '' : undefined}
      data-first={first ? '' : undefined}
      data-last={last ? '' : undefined}
      style={{ '--hue': hueOf(message.from) } as CSSProperties}
    >
      {others ? <span className={styles['side']}>{last ? <Avatar id={message.from} name={sender} size={28} /> : null}</span> : null}
      <div className={styles['column']}>
        <article
          className={styles['bubble']}
          aria-label={bubbleLabel(message, mine ? words.you : sender, fullTime(at))}
          data-message={message.id}
          tabIndex={-1}
          {...press}
          onKeyDown={(event) => {
            if (event.key !== 'Enter' || event.target !== event.currentTarget) return;
            event.preventDefault();
            const { left, bottom } = event.currentTarget.getBoundingClientRect();
            setPlace({ x: left, y: bottom });
          }}
          onContextMenu={(event) => {
            cancelPress();
            // Selected text and links keep the browser's own menu.
            if (getSelection()?.toString() || (event.target as Element).closest('a')) return;
            event.preventDefault();
            setPlace({ x: event.clientX, y: event.clientY });
          }}
        >
          {others && first ? (
            <span className={styles['sender']}>
              <bdi>{sender}</bdi>
            </span>
          ) : null}
          <span className={styles['text']} dir="auto">
            <Content message={message} />
          </span>
          {last || unsettled ? (
            <span className={styles['meta']}>
              <time dateTime={new Date(at).toISOString()} title={fullTime(at)}>
                {clock(at)}
              </time>
              {mine ? <Ticks status={status} /> : null}
            </span>
          ) : null}
        </article>
        {status === 'failed' && mine ? (
          <div className={styles['failed']}>
            <span>{message.failure ? sentenceOf(message.failure) : pane.failed}</span>
            <span className={styles['decide']}>
              <Button look="plain" onClick={() => messenger().retry(message.conversationId, message.id).catch(complain)}>
                {words.retry}
              </Button>
              <Button look="plain" onClick={() => deleteForMe(message)}>
                {pane.deleteForMe}
              </Button>
            </span>
          </div>
        ) : null}
      </div>
      <span className={styles['actions']}>
        <Menu
          trigger={<IconButton icon={EllipsisVertical} label={pane.more} className={styles['more']} tabIndex={-1} />}
          align={mine ? 'end' : 'start'}
        >
          <Actions message={message} />
        </Menu>
      </span>
      {place ? (
        <MenuAt anchor={{ getBoundingClientRect: () => new DOMRect(place.x, place.y, 0, 0) }} onClose={() => setPlace(undefined)}>
          <Actions message={message} />
        </MenuAt>
      ) : null}
    </div>
  );
});
