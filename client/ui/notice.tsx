import type { ReactNode } from 'react';
import styles from './notice.module.css';

/** A short remark inside a page or dialog; a problem is also spoken. */
export const Notice = ({ tone, children }: { tone?: 'danger' | 'warn' | 'ok'; children: ReactNode }) => (
  <div className={styles['notice']} data-tone={tone} role={tone === 'danger' ? 'alert' : undefined}>
    {children}
  </div>
);
