import { BadgeCheck, Ban, ShieldCheck, Trash2, X } from 'lucide-react';
import { useState } from 'react';
import type { Conversation } from '../../messenger/api.ts';
import { messenger } from '../../store/messenger.ts';
import { openOverlay } from '../../store/route.ts';
import { Avatar } from '../../ui/avatar.tsx';
import { Button, IconButton } from '../../ui/button.tsx';
import { Confirm } from '../../ui/confirm.tsx';
import { words } from '../../ui/copy/common.ts';
import { pane } from '../../ui/copy/conversation.ts';
import { people } from '../../ui/copy/people.ts';
import { Notice } from '../../ui/notice.tsx';
import { useAct } from '../../ui/use-act.ts';
import styles from './details.module.css';
import { GroupDetails, isLastAdmin } from './group.tsx';

function ContactDetails({ conversation: { contact } }: { conversation: Conversation }) {
  const { busy, problem, act } = useAct();
  const [blocking, setBlocking] = useState(false);
  if (!contact) return null;
  const { accountId, username, metBy, standing, verified } = contact;
  const blocked = standing === 'blocked';
  return (
    <>
      <p className={styles['remark']}>
        {verified ? (
          <>
            <BadgeCheck size={16} strokeWidth={1.75} aria-hidden /> {people.verifiedText}
          </>
        ) : (
          people.met[metBy]
        )}
      </p>
      <div className={styles['acts']}>
        <Button wide icon={ShieldCheck} onClick={() => openOverlay({ name: 'safety-number', of: accountId })}>
          {people.safetyNumber}
        </Button>
        {problem ? <Notice tone="danger">{problem}</Notice> : null}
        <Button
          wide
          icon={Ban}
          aria-disabled={busy}
          onClick={() => (blocked ? act(() => messenger().blockContact(accountId, false)) : setBlocking(true))}
        >
          {blocked ? people.unblock : people.block}
        </Button>
      </div>
      {blocking ? (
        <Confirm
          title={people.blockTitle(username)}
          text={people.blockText}
          action={people.block}
          onClose={() => setBlocking(false)}
          onConfirm={() => messenger().blockContact(accountId, true)}
        />
      ) : null}
    </>
  );
}

/** Who or what one talks with, beside the conversation. */
export function Details({ conversation, onClose }: { conversation: Conversation; onClose: () => void }) {
  const [deleting, setDeleting] = useState(false);
  const { id, kind, whyNot } = conversation;
  const inside = kind === 'group' && whyNot !== 'left' && whyNot !== 'removed';
  const title = kind === 'self' ? words.noteToSelf : conversation.title;
  return (
    <div className={styles['details']}>
      <header className={styles['head']}>
        <h2>{pane.details}</h2>
        <IconButton icon={X} label={words.close} onClick={onClose} />
      </header>
      <div className={styles['who']}>
        <Avatar id={id} name={title} kind={kind} size={80} />
        {kind === 'group' ? null : (
          <h3 className={styles['title']}>
            <bdi>{title}</bdi>
          </h3>
        )}
        {kind === 'self' ? <p className={styles['remark']}>{people.noteText}</p> : null}
        {kind === 'group' ? <GroupDetails conversation={conversation} /> : null}
        {kind === 'direct' ? <ContactDetails conversation={conversation} /> : null}
      </div>
      {kind === 'self' ? null : (
        <div className={styles['acts']}>
          <Button
            wide
            look="danger"
            icon={Trash2}
            onClick={() => (inside && isLastAdmin(conversation) ? openOverlay({ name: 'name-admin', of: id }) : setDeleting(true))}
          >
            {inside ? people.leaveAndDelete : people.deleteConversation}
          </Button>
        </div>
      )}
      {deleting ? (
        <Confirm
          title={inside ? people.leaveAndDeleteTitle : people.deleteTitle}
          text={inside ? people.leaveAndDeleteText : kind === 'group' ? people.deleteGroupText : people.deleteText}
          action={inside ? people.leaveAndDelete : people.delete}
          onClose={() => setDeleting(false)}
          onConfirm={async () => {
            if (inside) await messenger().leaveGroup(id);
            await messenger().deleteConversation(id);
          }}
        />
      ) : null}
    </div>
  );
}
