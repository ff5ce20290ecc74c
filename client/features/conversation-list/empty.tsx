import { openOverlay } from '../../store/route.ts';
import { Button } from '../../ui/button.tsx';
import { list } from '../../ui/copy/conversation.ts';
import styles from './list.module.css';

/** Nobody yet: one picture, one sentence, one button; whoever may invite begins with that, as there may be nobody else on the relay. */
export const Empty = ({ mayInvite }: { mayInvite: boolean }) => (
  <div className={styles['empty']}>
    <svg width="112" height="80" viewBox="0 0 112 80" aria-hidden="true">
      <path
        fill="var(--accent-soft)"
        d="M14 6h50a12 12 0 0 1 12 12v20a12 12 0 0 1-12 12H34L20 60a2 2 0 0 1-3-2v-8h-3A12 12 0 0 1 2 38V18A12 12 0 0 1 14 6Z"
      />
      <path
        fill="var(--surface)"
        stroke="var(--line)"
        strokeWidth="1.5"
        d="M58 24h40a12 12 0 0 1 12 12v16a12 12 0 0 1-12 12h-3v8a2 2 0 0 1-3 2L79 64H58a12 12 0 0 1-12-12V36a12 12 0 0 1 12-12Z"
      />
      <path fill="none" stroke="var(--accent)" strokeWidth="3" strokeLinecap="round" strokeLinejoin="round" d="M66 38l24 6-24 6" />
    </svg>
    <h2 className={styles['emptyTitle']}>{list.emptyTitle}</h2>
    <p className={styles['emptyText']}>{mayInvite ? list.emptyInviteText : list.emptyText}</p>
    {mayInvite ? (
      <Button look="primary" onClick={() => openOverlay({ name: 'invite' })}>
        {list.invite}
      </Button>
    ) : null}
    <Button look={mayInvite ? 'plain' : 'primary'} onClick={() => openOverlay({ name: 'my-link' })}>
      {list.emptyAction}
    </Button>
  </div>
);
