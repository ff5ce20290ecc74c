import { useId } from 'react';
import styles from './switch.module.css';

type SwitchProps = { label: string; hint?: string; on: boolean; onChange: (on: boolean) => void };

export function Switch({ label, hint, on, onChange }: SwitchProps) {
  const id = useId();
  return (
    <button
      type="button"
      role="switch"
      aria-checked={on}
      aria-labelledby={`${id}-label`}
      aria-describedby={hint ? `${id}-hint` : undefined}
      className={styles['row']}
      onClick={() => onChange(!on)}
    >
      <span className={styles['words']}>
        <span id={`${id}-label`}>{label}</span>
        {hint ? (
          <span id={`${id}-hint`} className={styles['hint']}>
            {hint}
          </span>
        ) : null}
      </span>
      <span className={styles['track']} aria-hidden>
        <span className={styles['thumb']} />
      </span>
    </button>
  );
}
