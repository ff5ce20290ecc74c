import { shortcuts } from '../../ui/copy/settings.ts';
import { Dialog } from '../../ui/dialog.tsx';
import styles from './shortcuts.module.css';

export const ShortcutsDialog = ({ onClose }: { onClose: () => void }) => (
  <Dialog title={shortcuts.title} onClose={onClose}>
    <dl className={styles['keys']}>
      {shortcuts.keys.map(([keys, what]) => (
        <div key={keys} className={styles['row']}>
          <dt>{what}</dt>
          <dd>
            <kbd className={styles['key']}>{keys}</kbd>
          </dd>
        </div>
      ))}
    </dl>
  </Dialog>
);
