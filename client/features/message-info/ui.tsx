import type { MessageId } from '../../messenger/api.ts';
import { nameOf, useConversations } from '../../store/conversations.ts';
import { useTimelines } from '../../store/timelines.ts';
import { statusWords } from '../../ui/copy/conversation.ts';
import { info } from '../../ui/copy/people.ts';
import { Dialog } from '../../ui/dialog.tsx';
import { fullTime } from '../../ui/format-time.ts';
import styles from './message-info.module.css';

/** When it was written, how far it has come, and in a group: to whom. */
export function MessageInfoDialog({ id, onClose }: { id: MessageId; onClose: () => void }) {
  const message = useTimelines((all) => Object.values(all).flatMap(({ messages }) => messages.filter((one) => one.id === id))[0]);
  const names = useConversations((state) => state.names);
  if (!message) return null;
  const { receipts, mine, status, sentAt, receivedAt } = message;
  const list = (ids: string[]): string => (ids.length === 0 ? info.nobody : ids.map((one) => nameOf(names, one)).join(', '));
  return (
    <Dialog title={info.title} onClose={onClose}>
      <dl className={styles['facts']}>
        <dt>{info.sent}</dt>
        <dd>{fullTime(sentAt)}</dd>
        {mine ? (
          <>
            <dt>{info.status}</dt>
            <dd>{statusWords[status]}</dd>
          </>
        ) : (
          <>
            <dt>{info.received}</dt>
            <dd>{fullTime(receivedAt)}</dd>
          </>
        )}
        {receipts ? (
          <>
            <dt>{info.deliveredTo}</dt>
            <dd>{list(receipts.delivered)}</dd>
            <dt>{info.readBy}</dt>
            <dd>{list(receipts.read)}</dd>
          </>
        ) : null}
      </dl>
    </Dialog>
  );
}
