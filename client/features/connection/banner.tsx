import { WifiOff } from 'lucide-react';
import { useEffect, useState } from 'react';
import { useSession } from '../../store/session.ts';
import { connection as words } from '../../ui/copy/conversation.ts';
import styles from './banner.module.css';

// A reconnection that takes less is nobody's business.
const PATIENCE_MS = 2_000;

/** Thin, and gone by itself: what is written meanwhile is kept and sent. */
export function ConnectionBanner() {
  const online = useSession(({ connection }) => connection.state === 'online');
  const [shown, setShown] = useState(false);
  useEffect(() => {
    if (online) return setShown(false);
    const timer = setTimeout(() => setShown(true), PATIENCE_MS);
    return () => clearTimeout(timer);
  }, [online]);
  return (
    <div role="status">
      {shown ? (
        <p className={styles['banner']}>
          <WifiOff size={16} strokeWidth={1.75} aria-hidden />
          {words.offline}
        </p>
      ) : null}
    </div>
  );
}
