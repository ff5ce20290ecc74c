import { useEffect, useState } from 'react';
import { messenger } from '../../store/messenger.ts';
import { me } from '../../store/session.ts';
import { CopyField } from '../../ui/copy-field.tsx';
import { failureSentence } from '../../ui/copy/failure.ts';
import { people } from '../../ui/copy/people.ts';
import { Dialog } from '../../ui/dialog.tsx';
import { dayName } from '../../ui/format-time.ts';
import { Notice } from '../../ui/notice.tsx';
import { QrCode } from '../../ui/qr-code.tsx';
import { Spinner } from '../../ui/spinner.tsx';
import styles from './new-conversation.module.css';

type Loaded<T> = { value?: T; problem?: string };

function useOnce<T>(load: () => Promise<T>): Loaded<T> {
  const [loaded, setLoaded] = useState<Loaded<T>>({});
  const [start] = useState(() => load);
  useEffect(() => {
    let current = true;
    start().then(
      (value) => current && setLoaded({ value }),
      (error: unknown) => current && setLoaded({ problem: failureSentence(error) }),
    );
    return () => {
      current = false;
    };
  }, [start]);
  return loaded;
}

function Link({ label, code, link }: { label: string; code: string; link: string }) {
  return (
    <>
      <div className={styles['code']}>
        <QrCode content={link} label={code} />
      </div>
      <CopyField label={label} text={link} />
    </>
  );
}

export function MyLinkDialog({ onClose }: { onClose: () => void }) {
  const { value, problem } = useOnce(() => messenger().contactLink());
  return (
    <Dialog title={people.myLinkTitle} description={people.myLinkText} onClose={onClose}>
      {problem ? <Notice tone="danger">{problem}</Notice> : null}
      {value ? <Link label={people.myLink} code={people.myLinkCode} link={value} /> : problem ? null : <Spinner />}
    </Dialog>
  );
}

// React may run an effect twice in development, and an invite made twice is one too many.
let making: ReturnType<ReturnType<typeof messenger>['createInvite']> | undefined;
function makeInvite(): NonNullable<typeof making> {
  making ??= messenger()
    .createInvite()
    .finally(() => {
      making = undefined;
    });
  return making;
}

/** The invite link with the inviter's account and name behind it, so that the newcomer has a first contact. */
const withContact = (link: string): string => {
  const self = me();
  return self && !link.includes(self.accountId) ? `${link}/${self.accountId}/${self.username}` : link;
};

export function InviteDialog({ onClose }: { onClose: () => void }) {
  const { value, problem } = useOnce(makeInvite);
  return (
    <Dialog title={people.inviteTitle} description={people.inviteText} onClose={onClose}>
      {problem ? <Notice tone="danger">{problem}</Notice> : null}
      {value ? (
        <>
          <Link label={people.inviteLink} code={people.inviteCode} link={withContact(value.link)} />
          <p className={styles['hint']}>{people.inviteValid(dayName(value.expiresAt, Date.now()))}</p>
        </>
      ) : problem ? null : (
        <Spinner />
      )}
    </Dialog>
  );
}
