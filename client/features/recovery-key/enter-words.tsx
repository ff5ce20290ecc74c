import { type ClipboardEvent, type KeyboardEvent, useRef, useState } from 'react';
import { messenger } from '../../store/messenger.ts';
import { Button } from '../../ui/button.tsx';
import { door } from '../../ui/copy/door.ts';
import { failureSentence, sentenceOf } from '../../ui/copy/failure.ts';
import { Form } from '../../ui/form.tsx';
import { Notice } from '../../ui/notice.tsx';
import styles from './words.module.css';

const COUNT = 12;
const split = (text: string): string[] =>
  text
    .toLowerCase()
    .split(/[^\p{L}]+/u)
    .filter((word) => word !== '');

/** Twelve fields; a space goes to the next, and a password manager's twelve at once fill them all. */
export function EnterWords({ action, onRight }: { action: string; onRight: () => void }) {
  const [entered, setEntered] = useState<string[]>(() => Array.from({ length: COUNT }, () => ''));
  const [problem, setProblem] = useState<string>();
  const [busy, setBusy] = useState(false);
  const fields = useRef<(HTMLInputElement | null)[]>([]);

  const put = (from: number, words: string[]): void => {
    setProblem(undefined);
    setEntered((all) => all.map((word, index) => words[index - from] ?? word));
    fields.current[Math.min(COUNT - 1, from + words.length)]?.focus();
  };
  const type = (index: number, text: string): void => {
    const words = split(text);
    if (words.length > 1 || (words.length === 1 && /\s$/.test(text))) return put(index, words);
    setProblem(undefined);
    setEntered((all) => all.map((word, at) => (at === index ? text.trim().toLowerCase() : word)));
  };
  const paste = (index: number, event: ClipboardEvent): void => {
    const words = split(event.clipboardData.getData('text'));
    if (words.length < 2) return;
    event.preventDefault();
    put(words.length === COUNT ? 0 : index, words);
  };
  const back = (index: number, event: KeyboardEvent): void => {
    if (event.key !== 'Backspace' || entered[index] !== '' || index === 0) return;
    event.preventDefault();
    fields.current[index - 1]?.focus();
  };
  const check = async (): Promise<void> => {
    if (busy) return;
    const gap = entered.indexOf('');
    if (gap !== -1) {
      setProblem(door.wordMissing(gap + 1));
      return fields.current[gap]?.focus();
    }
    setBusy(true);
    try {
      if (await messenger().confirmRecoveryWords(entered.join(' '))) onRight();
      else setProblem(sentenceOf('wrong-words'));
    } catch (error) {
      setProblem(failureSentence(error));
    }
    setBusy(false);
  };

  return (
    <Form onSubmit={() => void check()}>
      <ol className={styles['words']}>
        {entered.map((word, index) => (
          // biome-ignore lint/suspicious/noArrayIndexKey: the number of the word is what the field is
          <li key={index} className={`${styles['word']} ${styles['entry']}`}>
            <input
              ref={(field) => {
                fields.current[index] = field;
              }}
              className={styles['input']}
              aria-label={door.wordNumber(index + 1)}
              value={word}
              onChange={(event) => type(index, event.target.value)}
              onPaste={(event) => paste(index, event)}
              onKeyDown={(event) => back(index, event)}
              autoComplete="off"
              autoCapitalize="none"
              autoCorrect="off"
              spellCheck={false}
              // biome-ignore lint/a11y/noAutofocus: the button that led here is gone
              autoFocus={index === 0}
            />
          </li>
        ))}
      </ol>
      {problem ? <Notice tone="danger">{problem}</Notice> : null}
      <Button type="submit" look="primary" wide aria-disabled={busy}>
        {action}
      </Button>
    </Form>
  );
}
