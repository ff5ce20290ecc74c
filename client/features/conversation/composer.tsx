import { SendHorizontal } from 'lucide-react';
import { type KeyboardEvent, useEffect, useLayoutEffect, useRef, useState } from 'react';
import type { Conversation } from '../../messenger/api.ts';
import { messenger } from '../../store/messenger.ts';
import { usePreferences } from '../../store/preferences.ts';
import { send } from '../../store/send.ts';
import { IconButton } from '../../ui/button.tsx';
import { composer } from '../../ui/copy/conversation.ts';
import { failureCode } from '../../ui/copy/failure.ts';
import styles from './composer.module.css';

const MAX_CHARACTERS = 10_000;
const DRAFT_AFTER_MS = 400;
const TYPING_EVERY_MS = 2_500;
const TALLEST_PX = 200;

const length = (text: string): number => [...text].length;

type ComposerProps = { conversation: Conversation; title: string };

/** Where one writes. What stands in it is kept as the conversation's draft. */
export function Composer({ conversation, title }: ComposerProps) {
  const { id, kind } = conversation;
  const [text, setText] = useState(conversation.draft);
  const field = useRef<HTMLTextAreaElement>(null);
  const enterSends = usePreferences((state) => state.enterSends);
  const latest = useRef(text);
  const saved = useRef(conversation.draft);
  const typed = useRef(0);
  latest.current = text;
  const over = text.length > MAX_CHARACTERS ? length(text) - MAX_CHARACTERS : 0;

  useLayoutEffect(() => {
    const element = field.current;
    if (!element) return;
    element.style.height = 'auto';
    element.style.height = `${Math.min(TALLEST_PX, element.scrollHeight)}px`;
    element.dataset['empty'] = text === '' ? '' : undefined;
  }, [text]);

  useEffect(() => {
    if (matchMedia('(pointer: fine)').matches) field.current?.focus();
  }, []);

  const keepDraft = useRef(() => {
    if (latest.current === saved.current) return;
    saved.current = latest.current;
    messenger()
      .setDraft(id, latest.current)
      .catch(() => undefined);
  }).current;
  useEffect(() => {
    if (text === saved.current) return;
    const timer = setTimeout(keepDraft, DRAFT_AFTER_MS);
    return () => clearTimeout(timer);
  }, [text, keepDraft]);
  // Leaving the conversation or the page keeps what was typed a moment ago.
  useEffect(() => {
    addEventListener('pagehide', keepDraft);
    return () => {
      removeEventListener('pagehide', keepDraft);
      keepDraft();
    };
  }, [keepDraft]);

  const tellTyping = (on: boolean): void => {
    const now = Date.now();
    if (kind === 'self' || (on && now - typed.current < TYPING_EVERY_MS) || (!on && typed.current === 0)) return;
    typed.current = on ? now : 0;
    messenger()
      .setTyping(id, on)
      .catch(() => undefined);
  };

  const submit = (): void => {
    const written = text.trim();
    if (written === '' || over > 0) return;
    setText('');
    latest.current = '';
    keepDraft();
    tellTyping(false);
    void send(id, written, failureCode);
    field.current?.focus();
  };

  const onKeyDown = (event: KeyboardEvent<HTMLTextAreaElement>): void => {
    // 229 is what Safari says for the Enter that ends a composition.
    if (event.key !== 'Enter' || event.nativeEvent.isComposing || event.keyCode === 229) return;
    const wanted = enterSends ? !event.shiftKey : event.ctrlKey || event.metaKey;
    if (!wanted) return;
    event.preventDefault();
    submit();
  };

  return (
    <form
      className={styles['composer']}
      onSubmit={(event) => {
        event.preventDefault();
        submit();
      }}
    >
      {over > 0 ? (
        <p className={styles['over']} role="alert">
          {composer.tooLong(over)}
        </p>
      ) : null}
      <div className={styles['box']}>
        <textarea
          ref={field}
          className={styles['field']}
          rows={1}
          dir="auto"
          aria-label={composer.label(title)}
          placeholder={composer.placeholder}
          value={text}
          onChange={(event) => {
            setText(event.target.value);
            tellTyping(event.target.value !== '');
          }}
          onKeyDown={onKeyDown}
        />
        <IconButton
          type="submit"
          icon={SendHorizontal}
          label={composer.send}
          className={styles['send']}
          aria-disabled={text.trim() === '' || over > 0}
        />
      </div>
    </form>
  );
}
