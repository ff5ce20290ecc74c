import { Check, Copy } from 'lucide-react';
import { useEffect, useState } from 'react';
import { Button } from './button.tsx';
import { words } from './copy/common.ts';
import styles from './copy-field.module.css';
import { copyText } from './copy-text.ts';

const SHOWN_MS = 2_000;

/** A text to hand on, with its copy button. */
export function CopyField({ label, text }: { label: string; text: string }) {
  const [copied, setCopied] = useState<boolean>();
  useEffect(() => {
    if (!copied) return;
    const timer = setTimeout(() => setCopied(undefined), SHOWN_MS);
    return () => clearTimeout(timer);
  }, [copied]);
  return (
    <div>
      <div className={styles['box']}>
        <input className={styles['text']} aria-label={label} readOnly value={text} onFocus={(event) => event.currentTarget.select()} />
        <Button look="plain" icon={copied ? Check : Copy} onClick={async () => setCopied(await copyText(text))}>
          <span aria-live="polite">{copied ? words.copied : words.copy}</span>
        </Button>
      </div>
      {copied === false ? <p>{words.copyFailed}</p> : null}
    </div>
  );
}
