import { Eye, EyeOff } from 'lucide-react';
import { type ComponentProps, type ReactNode, useId, useState } from 'react';
import { IconButton } from './button.tsx';
import { words } from './copy/common.ts';
import styles from './field.module.css';

type FieldProps = ComponentProps<'input'> & {
  label: string;
  hint?: ReactNode;
  /** What is wrong, said under the field instead of the hint. */
  problem?: string | undefined;
  tone?: 'muted' | 'ok';
  children?: ReactNode;
};

export function Field({ label, hint, problem, tone = 'muted', children, ...input }: FieldProps) {
  const id = useId();
  const said = problem ?? hint;
  return (
    <div className={styles['field']}>
      <label className={styles['label']} htmlFor={id}>
        {label}
      </label>
      <div className={styles['box']} data-invalid={problem ? '' : undefined}>
        <input
          id={id}
          className={styles['input']}
          aria-invalid={problem ? true : undefined}
          aria-describedby={said === undefined ? undefined : `${id}-hint`}
          {...input}
        />
        {children}
      </div>
      {said === undefined ? null : (
        <p id={`${id}-hint`} className={styles['hint']} data-tone={problem ? 'danger' : tone} aria-live="polite">
          {said}
        </p>
      )}
    </div>
  );
}

export function PassphraseField(props: Omit<FieldProps, 'type' | 'children'>) {
  const [shown, setShown] = useState(false);
  return (
    <Field {...props} type={shown ? 'text' : 'password'} autoCapitalize="off" autoCorrect="off" spellCheck={false}>
      <IconButton
        icon={shown ? EyeOff : Eye}
        label={shown ? words.hidePassphrase : words.showPassphrase}
        aria-pressed={shown}
        onClick={() => setShown(!shown)}
      />
    </Field>
  );
}
