import { Ban, WifiOff } from 'lucide-react';
import { useEffect, useState } from 'react';
import { useSession } from '../../store/session.ts';
import { connection as words } from '../../ui/copy/conversation.ts';
import styles from './banner.module.css';

// A reconnection that takes less is nobody's business.
const PATIENCE_MS = 2_000;

/** Thin, and gone by itself: what is written meanwhile is kept and sent. */
export function ConnectionBanner() {
  const state = useSession(({ connection }) => connection.state);
  const online = state === 'online';
  const [shown, setShown] = useState(false);
  useEffect(() => {
    if (online) return setShown(false);
    const timer = setTimeout(() => setShown(true), PATIENCE_MS);
    return () => clearTimeout(timer);
  }, [online]);
  const Icon = state === 'shut-out' ? Ban : WifiOff;
  return (
    <div role="status">
      {shown ? (
        <p className={styles['banner']}>
          <Icon size={16} strokeWidth={1.75} aria-hidden />
          <span>{state === 'shut-out' ? words.shutOut : words.offline}</span>
        </p>
      ) : null}
    </div>
  );
}
