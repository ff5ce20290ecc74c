import { useEffect, useState } from 'react';
import type { Invite } from '../../messenger/api.ts';
import { messenger } from '../../store/messenger.ts';
import { toast } from '../../store/toasts.ts';
import { Button } from '../../ui/button.tsx';
import { failureSentence } from '../../ui/copy/failure.ts';
import { settings as words } from '../../ui/copy/settings.ts';
import { dayName } from '../../ui/format-time.ts';
import { Notice } from '../../ui/notice.tsx';
import { Spinner } from '../../ui/spinner.tsx';
import styles from './settings.module.css';

/** Invites that are still open; taking one back is at once. */
export function Invites() {
  const [invites, setInvites] = useState<Invite[]>();
  const [problem, setProblem] = useState<string>();
  useEffect(() => {
    let current = true;
    messenger()
      .invites()
      .then(
        (answer) => current && setInvites(answer),
        (error: unknown) => current && setProblem(failureSentence(error)),
      );
    return () => {
      current = false;
    };
  }, []);
  if (problem) return <Notice tone="danger">{problem}</Notice>;
  if (!invites) return <Spinner />;
  if (invites.length === 0) return <p className={styles['hint']}>{words.noInvites}</p>;
  const revoke = (id: string): void => {
    messenger()
      .revokeInvite(id)
      .then(
        () => {
          setInvites((all) => all?.filter((one) => one.id !== id));
          toast(words.revoked);
        },
        (error: unknown) => setProblem(failureSentence(error)),
      );
  };
  return (
    <ul>
      {invites.map(({ id, usesLeft, expiresAt }) => (
        <li key={id} className={styles['invite']}>
          <span>{words.usesLeft(usesLeft, dayName(expiresAt, Date.now()))}</span>
          <Button look="plain" onClick={() => revoke(id)}>
            {words.revoke}
          </Button>
        </li>
      ))}
    </ul>
  );
}
