import { LockKeyhole } from 'lucide-react';
import type { Conversation } from '../../messenger/api.ts';
import { pane } from '../../ui/copy/conversation.ts';
import styles from './timeline.module.css';

/** Above the first message. */
export const Beginning = ({ conversation: { kind, title } }: { conversation: Conversation }) => (
  <div className={styles['beginning']}>
    <p>{kind === 'self' ? pane.emptySelf : kind === 'group' ? pane.emptyGroup : pane.emptyDirect(title)}</p>
    {kind === 'self' ? null : (
      <p className={styles['encrypted']}>
        <LockKeyhole size={14} strokeWidth={1.75} aria-hidden />
        {pane.encrypted}
      </p>
    )}
  </div>
);
