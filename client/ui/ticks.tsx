import type { MessageStatus } from '../messenger/api.ts';
import { statusWords } from './copy/conversation.ts';
import styles from './ticks.module.css';

const TICK = 'm1.8 6.4 2.6 2.7 5-5.8';
const SECOND = 'm8.5 9.1 5-5.8M7.3 7.8l.9 1';
// Two discs of radius 4.9 about (5.4, 6) and (10.6, 6); the second without what the first and a gap of 1 cover.
const DISC = 'M5.4 1.1a4.9 4.9 0 1 0 0 9.8 4.9 4.9 0 0 0 0-9.8Z';
const CRESCENT = 'M9.03 1.36A4.9 4.9 0 1 1 9.03 10.64A5.9 5.9 0 0 0 9.03 1.36Z';

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
          <path fill="currentColor" d={DISC} />
          <path fill="currentColor" d={CRESCENT} />
          <path {...line} stroke="var(--ticks-cut, var(--bg))" strokeWidth={1.4} d="m3.1 6.2 1.7 1.7 3.2-3.7" />
        </>
      ) : null}
    </svg>
  );
}
