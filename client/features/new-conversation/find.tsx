import { useState } from 'react';
import { messenger } from '../../store/messenger.ts';
import { openConversation } from '../../store/route.ts';
import { me } from '../../store/session.ts';
import { Avatar } from '../../ui/avatar.tsx';
import { Button } from '../../ui/button.tsx';
import { people } from '../../ui/copy/people.ts';
import { Dialog } from '../../ui/dialog.tsx';
import { Field } from '../../ui/field.tsx';
import { Form } from '../../ui/form.tsx';
import { Notice } from '../../ui/notice.tsx';
import { useAct } from '../../ui/use-act.ts';
import styles from './new-conversation.module.css';

export function FindDialog({ onClose }: { onClose: () => void }) {
  const [name, setName] = useState('');
  const [found, setFound] = useState<{ accountId: string; username: string }>();
  const { busy, problem, act, setProblem } = useAct();
  const wanted = name.trim().replace(/^@/, '').toLowerCase();

  const find = (): void => {
    if (wanted === '') return;
    if (wanted === me()?.username) return setProblem(people.itIsYou);
    act(async () => {
      const answer = await messenger().findByUsername(wanted);
      if (answer) setFound(answer);
      else setProblem(people.nobody(wanted));
    });
  };

  return (
    <Dialog title={people.findTitle} description={people.findText} onClose={onClose}>
      <Form onSubmit={find}>
        <Field
          label={people.username}
          problem={problem}
          value={name}
          onChange={(event) => {
            setName(event.target.value);
            setFound(undefined);
            setProblem(undefined);
          }}
          autoComplete="off"
          autoCapitalize="none"
          spellCheck={false}
        />
        {found ? null : (
          <Button type="submit" look="primary" wide aria-disabled={busy || wanted === ''}>
            {people.find}
          </Button>
        )}
      </Form>
      {found ? (
        <>
          <div className={styles['found']}>
            <Avatar id={found.accountId} name={found.username} size={48} />
            <bdi className={styles['name']}>{found.username}</bdi>
          </div>
          <Notice>{people.byRelaysWord}</Notice>
          <Button
            look="primary"
            wide
            aria-disabled={busy}
            onClick={() => act(async () => openConversation(await messenger().openDirect(found.accountId)))}
          >
            {people.write}
          </Button>
        </>
      ) : null}
    </Dialog>
  );
}
