import { words } from './copy/common.ts';
import styles from './spinner.module.css';

export const Spinner = ({ label = words.loading }: { label?: string }) => (
  <div className={styles['spinner']} role="status" aria-label={label} />
);

/** How far long work has come, 0 … 1. */
export const ProgressBar = ({ label, done }: { label: string; done: number }) => (
  <div
    className={styles['bar']}
    role="progressbar"
    aria-label={label}
    aria-valuemin={0}
    aria-valuemax={100}
    aria-valuenow={Math.round(done * 100)}
  >
    <div className={styles['done']} style={{ transform: `scaleX(${Math.max(0.04, done)})` }} />
  </div>
);
