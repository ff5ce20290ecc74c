import { type ReactNode, useRef } from 'react';
import { words } from './copy/common.ts';
import { door } from './copy/door.ts';
import { Mark } from './mark.tsx';
import styles from './page.module.css';
import { useFocusWhenLost } from './use-focus-when-lost.ts';

const STEPS = [1, 2, 3];

type PageProps = { title: string; text?: ReactNode; step?: number; size?: 'narrow' | 'wide'; children?: ReactNode };

/** A page of its own, before or instead of the conversations. */
export function Page({ title, text, step, size = 'narrow', children }: PageProps) {
  const heading = useRef<HTMLHeadingElement>(null);
  useFocusWhenLost(() => heading.current, title);
  return (
    <main className={styles['page']}>
      <div className={styles['card']} data-size={size}>
        <div className={styles['head']}>
          <div className={styles['brand']}>
            <Mark size={40} />
            {step === undefined ? null : (
              <p className={styles['step']}>
                {door.step(step)}
                <span className={styles['dots']} aria-hidden>
                  {STEPS.map((number) => (
                    <span key={number} className={styles['dot']} data-done={number <= step ? '' : undefined} />
                  ))}
                </span>
              </p>
            )}
          </div>
          <h1 ref={heading} tabIndex={-1} className={styles['title']}>
            {title}
          </h1>
          {text === undefined ? null : <p className={styles['text']}>{text}</p>}
        </div>
        {children}
      </div>
      <p className={styles['foot']}>
        {words.product} · {location.host}
      </p>
    </main>
  );
}
