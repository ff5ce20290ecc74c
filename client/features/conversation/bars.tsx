import { ShieldAlert } from 'lucide-react';
import { type ReactNode, useRef, useState } from 'react';
import type { Conversation } from '../../messenger/api.ts';
import { messenger } from '../../store/messenger.ts';
import { openOverlay } from '../../store/route.ts';
import { toast } from '../../store/toasts.ts';
import { Button } from '../../ui/button.tsx';
import { Confirm } from '../../ui/confirm.tsx';
import { bars } from '../../ui/copy/conversation.ts';
import { failureSentence } from '../../ui/copy/failure.ts';
import { people } from '../../ui/copy/people.ts';
import { useFocusWhenLost } from '../../ui/use-focus-when-lost.ts';
import styles from './bars.module.css';

/** An act of a bar: one at a time, and a failure is said. */
function useAct(): [boolean, (act: () => Promise<unknown>) => void] {
  const [busy, setBusy] = useState(false);
  return [
    busy,
    (act) => {
      if (busy) return;
      setBusy(true);
      act()
        .catch((error: unknown) => toast(failureSentence(error), { tone: 'danger' }))
        .finally(() => setBusy(false));
    },
  ];
}

const Bar = ({ title, text, tone, children }: { title?: string; text: string; tone?: 'warn'; children?: ReactNode }) => (
  <section className={styles['bar']} data-tone={tone} role={tone === 'warn' ? 'alert' : undefined}>
    <div className={styles['words']}>
      {title ? (
        <h3 className={styles['title']}>
          {tone === 'warn' ? <ShieldAlert size={18} strokeWidth={1.75} aria-hidden /> : null}
          {title}
        </h3>
      ) : null}
      <p>{text}</p>
    </div>
    {children ? <div className={styles['acts']}>{children}</div> : null}
  </section>
);

function IdentityBar({ conversation: { contact } }: { conversation: Conversation }) {
  const [busy, act] = useAct();
  if (!contact) return null;
  const { accountId, username, identityChange } = contact;
  return (
    <Bar tone="warn" title={bars.changed(username)} text={identityChange === 'renewed' ? bars.renewedText : bars.changedText}>
      <Button onClick={() => openOverlay({ name: 'safety-number', of: accountId })}>{bars.compare}</Button>
      <Button aria-disabled={busy} onClick={() => act(() => messenger().acceptIdentityChange(accountId))}>
        {bars.goOn}
      </Button>
    </Bar>
  );
}

function RequestBar({ conversation }: { conversation: Conversation }) {
  const [busy, act] = useAct();
  const [asking, setAsking] = useState<'delete' | 'block'>();
  const { contact, id } = conversation;
  if (!contact) return <Bar text={bars.requestGroup} />;
  return (
    <Bar title={bars.requestTitle(contact.username)} text={bars.requestText}>
      <Button look="danger" onClick={() => setAsking('delete')}>
        {bars.remove}
      </Button>
      <Button look="danger" onClick={() => setAsking('block')}>
        {bars.block}
      </Button>
      <Button look="primary" aria-disabled={busy} onClick={() => act(() => messenger().acceptContact(contact.accountId))}>
        {bars.accept}
      </Button>
      {asking === 'delete' ? (
        <Confirm
          title={people.deleteTitle}
          text={people.deleteText}
          action={people.delete}
          onClose={() => setAsking(undefined)}
          onConfirm={() => messenger().deleteConversation(id)}
        />
      ) : null}
      {asking === 'block' ? (
        <Confirm
          title={people.blockTitle(contact.username)}
          text={people.blockText}
          action={people.block}
          onClose={() => setAsking(undefined)}
          onConfirm={() => messenger().blockContact(contact.accountId, true)}
        />
      ) : null}
    </Bar>
  );
}

function BlockedBar({ conversation: { contact } }: { conversation: Conversation }) {
  const [busy, act] = useAct();
  const unblock = useRef<HTMLButtonElement>(null);
  useFocusWhenLost(() => unblock.current, undefined);
  return (
    <Bar text={bars.blocked}>
      {contact ? (
        <Button ref={unblock} aria-disabled={busy} onClick={() => act(() => messenger().blockContact(contact.accountId, false))}>
          {bars.unblock}
        </Button>
      ) : null}
    </Bar>
  );
}

/** Instead of the composer, where one cannot write: why, and what one can do about it. */
export function WhyNot({ conversation }: { conversation: Conversation }) {
  switch (conversation.whyNot) {
    case 'request':
      return <RequestBar conversation={conversation} />;
    case 'blocked':
      return <BlockedBar conversation={conversation} />;
    case 'identity-change':
      return <IdentityBar conversation={conversation} />;
    case 'removed':
      return <Bar text={bars.removed} />;
    default:
      return <Bar text={bars.left} />;
  }
}
