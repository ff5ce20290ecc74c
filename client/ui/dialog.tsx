import { Dialog as Base } from '@base-ui/react/dialog';
import { X } from 'lucide-react';
import type { ReactNode } from 'react';
import { IconButton } from './button.tsx';
import { words } from './copy/common.ts';
import styles from './dialog.module.css';

type DialogProps = {
  title: string;
  description?: ReactNode;
  size?: 'narrow' | 'wide';
  onClose: () => void;
  children?: ReactNode;
};

/** A dialog that is open as long as it is rendered. Focus goes back by itself. */
export function Dialog({ title, description, size = 'narrow', onClose, children }: DialogProps) {
  return (
    <Base.Root open onOpenChange={(open) => (open ? undefined : onClose())}>
      <Base.Portal>
        <Base.Backdrop className={styles['backdrop']} />
        <Base.Viewport className={styles['viewport']}>
          <Base.Popup className={styles['popup']} data-size={size}>
            <div className={styles['header']}>
              <Base.Title className={styles['title']}>{title}</Base.Title>
              <Base.Close render={<IconButton icon={X} label={words.close} />} />
            </div>
            <div className={styles['body']}>
              {description === undefined ? null : <Base.Description className={styles['description']}>{description}</Base.Description>}
              {children}
            </div>
          </Base.Popup>
        </Base.Viewport>
      </Base.Portal>
    </Base.Root>
  );
}

export const DialogActions = ({ children }: { children: ReactNode }) => <div className={styles['actions']}>{children}</div>;
