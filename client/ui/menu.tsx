import { Menu as Base } from '@base-ui/react/menu';
import type { LucideIcon } from 'lucide-react';
import type { ComponentProps, ReactElement, ReactNode } from 'react';
import { ICON } from './button.tsx';
import styles from './menu.module.css';

type Anchor = ComponentProps<typeof Base.Positioner>['anchor'];

const MenuPopup = ({ anchor, align = 'end', children }: { anchor?: Anchor; align?: 'start' | 'end'; children: ReactNode }) => (
  <Base.Portal>
    <Base.Positioner className={styles['positioner']} align={align} sideOffset={4} collisionPadding={8} anchor={anchor}>
      <Base.Popup className={styles['popup']}>{children}</Base.Popup>
    </Base.Positioner>
  </Base.Portal>
);

/** A button and what it offers. */
export function Menu({ trigger, align, children }: { trigger: ReactElement; align?: 'start' | 'end'; children: ReactNode }) {
  return (
    <Base.Root>
      <Base.Trigger render={trigger} />
      <MenuPopup {...(align === undefined ? {} : { align })}>{children}</MenuPopup>
    </Base.Root>
  );
}

/** A menu without a button, at a place: open as long as it is rendered. */
export function MenuAt({ anchor, onClose, children }: { anchor: Anchor; onClose: () => void; children: ReactNode }) {
  return (
    <Base.Root open onOpenChange={(open) => (open ? undefined : onClose())}>
      <MenuPopup anchor={anchor} align="start">
        {children}
      </MenuPopup>
    </Base.Root>
  );
}

type MenuItemProps = { icon: LucideIcon; tone?: 'danger'; onSelect: () => void; children: ReactNode };

export const MenuItem = ({ icon: Icon, tone, onSelect, children }: MenuItemProps) => (
  <Base.Item className={styles['item']} data-tone={tone} onClick={onSelect}>
    <Icon {...ICON} size={18} />
    {children}
  </Base.Item>
);

export const MenuLine = () => <Base.Separator className={styles['separator']} />;
