import type { MessageStatus } from '../messenger/api.ts';
import { statusWords } from './copy/conversation.ts';
import styles from './ticks.module.css';

const TICK = 'm1.8 6.4 2.6 2.7 5-5.8';
// The second begins where the first leaves room, so that both are seen at 16 pixels.
const SECOND = 'M7.5 8l1.2 1.1 5-5.8';
// The same two a little smaller, cut out of a filled pill: as another shape it is told from two ticks without being looked at closely.
const CUT = 'm2.9 6.3 2.1 2.2 4.1-4.7M8.3 8.5l4.1-4.7';

/** Clock, one tick, two ticks, filled: how far an own message has come. */
export function Ticks({ status }: { status: MessageStatus }) {
  const line = { fill: 'none', stroke: 'currentColor', strokeWidth: 1.5, strokeLinecap: 'round', strokeLinejoin: 'round' } as const;
  return (
    <svg className={styles['ticks']} width="16" height="12" viewBox="0 0 16 12" role="img" aria-label={statusWords[status]}>
      {status === 'pending' ? (
        <path {...line} strokeWidth={1.3} d="M8 1.1a4.9 4.9 0 1 0 0 9.8 4.9 4.9 0 0 0 0-9.8ZM8 3.3V6l1.8 1.2" />
      ) : null}
      {status === 'failed' ? <path {...line} className={styles['failed']} d="M8 1v5.5M8 10v.1" strokeWidth={2} /> : null}
      {status === 'sent' ? <path {...line} d={TICK} transform="translate(3 0)" /> : null}
      {status === 'delivered' ? <path {...line} d={`${TICK}${SECOND}`} /> : null}
      {status === 'read' ? (
        <>
          <rect width="16" height="12" rx="6" fill="currentColor" />
          <path {...line} stroke="var(--ticks-cut, var(--bg))" d={CUT} />
        </>
      ) : null}
    </svg>
  );
}
