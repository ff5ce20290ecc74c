import type { LucideIcon } from 'lucide-react';
import type { ComponentProps } from 'react';
import styles from './button.module.css';
import { classNames } from './class-names.ts';

type ButtonProps = ComponentProps<'button'> & { look?: 'primary' | 'quiet' | 'plain' | 'danger'; wide?: boolean; icon?: LucideIcon };

export const ICON = { size: 20, strokeWidth: 1.75, 'aria-hidden': true } as const;

export function Button({ look = 'quiet', wide = false, icon: Icon, className, children, type = 'button', ...rest }: ButtonProps) {
  return (
    <button type={type} className={classNames(styles['button'], styles[look], wide && styles['wide'], className)} {...rest}>
      {Icon ? <Icon {...ICON} /> : null}
      {children}
    </button>
  );
}

/** A round button of one icon; its label is for those who do not see it, and its hint for those who do. */
export function IconButton({ label, icon: Icon, className, ...rest }: ComponentProps<'button'> & { label: string; icon: LucideIcon }) {
  return (
    <button type="button" aria-label={label} title={label} className={classNames(styles['button'], styles['icon'], className)} {...rest}>
      <Icon {...ICON} />
    </button>
  );
}
