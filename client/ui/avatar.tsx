import { Bookmark } from 'lucide-react';
import type { CSSProperties } from 'react';
import styles from './avatar.module.css';
import { classNames } from './class-names.ts';
import { hueOf, initialsOf } from './identity-look.ts';

type AvatarProps = { id: string; name: string; kind?: 'direct' | 'group' | 'self'; size?: number };

/** Initials on a hue that follows from the id, so a renamed stranger does not look like a friend. Silent: the name stands beside it. */
export function Avatar({ id, name, kind = 'direct', size = 40 }: AvatarProps) {
  const style = { '--hue': hueOf(id), '--size': `${size / 16}rem` } as CSSProperties;
  return (
    <span aria-hidden data-hued className={classNames(styles['avatar'], kind !== 'direct' && styles[kind])} style={style}>
      {kind === 'self' ? <Bookmark size={size * 0.45} strokeWidth={1.75} /> : initialsOf(name)}
    </span>
  );
}
