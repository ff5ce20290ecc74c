import { Dialog as Base } from '@base-ui/react/dialog';
import { X } from 'lucide-react';
import { type ReactNode, useRef, useState } from 'react';
import { IconButton } from './button.tsx';
import { words } from './copy/common.ts';
import styles from './dialog.module.css';
import { Spinner } from './spinner.tsx';

type DialogProps = {
  title: string;
  description?: ReactNode;
  size?: 'narrow' | 'wide';
  /** Something takes its time: shown beside the title, where nothing has to make room for it. */
  busy?: boolean;
  onClose: () => void;
  children?: ReactNode;
};

const FIELD = 'input:not([readonly], [type="checkbox"], [type="radio"], [type="file"]), textarea';

/** A dialog that is open as long as it is rendered. Focus goes to the first field to fill in, if there is one, and goes back by itself. */
export function Dialog({ title, description, size = 'narrow', busy = false, onClose, children }: DialogProps) {
  const popup = useRef<HTMLDivElement>(null);
  // What opened it may be gone by then, as with the group that was left. The focus is left alone then, for the page to place, and does not
  // go to whatever had it earlier. A menu or a dialog that gave way is always gone; what opened that gets the focus back.
  const [opener] = useState(() => document.activeElement);
  const [gaveWay] = useState(() => opener?.closest('[role="menu"], [role="dialog"]') != null);
  // By touch a keyboard would come up over half of what is to be read first.
  const firstField = (by: string): HTMLElement | undefined =>
    by === 'touch' ? undefined : (popup.current?.querySelector<HTMLElement>(FIELD) ?? undefined);
  return (
    <Base.Root open onOpenChange={(open) => (open ? undefined : onClose())}>
      <Base.Portal>
        <Base.Backdrop className={styles['backdrop']} />
        <Base.Viewport className={styles['viewport']}>
          <Base.Popup
            ref={popup}
            className={styles['popup']}
            data-size={size}
            initialFocus={(by) => firstField(by) ?? true}
            finalFocus={() => gaveWay || opener?.isConnected === true}
          >
            <div className={styles['header']}>
              <Base.Title className={styles['title']}>{title}</Base.Title>
              {busy ? <Spinner label={words.oneMoment} /> : null}
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
