import { X } from 'lucide-react';
import { dismissToast, useToasts } from '../../store/toasts.ts';
import { Button, IconButton } from '../../ui/button.tsx';
import { words } from '../../ui/copy/common.ts';
import styles from './toasts.module.css';

/** Short remarks at the foot of the page, the newest below. */
export function Toasts() {
  const toasts = useToasts((state) => state.toasts);
  return (
    <div className={styles['toasts']} role="status" aria-live="polite">
      {toasts.map(({ id, text, undo, tone }) => (
        <div key={id} className={styles['toast']} data-tone={tone}>
          <span className={styles['text']}>{text}</span>
          {undo ? (
            <Button look="plain" onClick={undo}>
              {words.undo}
            </Button>
          ) : null}
          <IconButton icon={X} label={words.close} onClick={() => dismissToast(id)} />
        </div>
      ))}
    </div>
  );
}
