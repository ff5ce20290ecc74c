import type { Conversation } from '../../messenger/api.ts';
import { nameOf, useConversations } from '../../store/conversations.ts';
import { pane } from '../../ui/copy/conversation.ts';
import styles from './typing.module.css';

/** Three dots in a line that is always there: nothing shifts when somebody begins or stops. */
export function Typing({ conversation: { typing } }: { conversation: Conversation }) {
  const names = useConversations((state) => state.names);
  return (
    <p className={styles['typing']} role="status">
      {typing.length > 0 ? (
        <>
          <span className={styles['dots']} aria-hidden>
            <span />
            <span />
            <span />
          </span>
          {pane.typing(typing.map((id) => nameOf(names, id)))}
        </>
      ) : null}
    </p>
  );
}
