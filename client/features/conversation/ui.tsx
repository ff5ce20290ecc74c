import { useEffect, useRef } from 'react';
import { ArrowLeft, BadgeCheck, PanelRight } from 'lucide-react';
import type { Conversation } from '../../messenger/api.ts';
import { closeConversation, toggleDetails } from '../../store/route.ts';
import { Avatar } from '../../ui/avatar.tsx';
import { IconButton } from '../../ui/button.tsx';
import { words } from '../../ui/copy/common.ts';
import { pane } from '../../ui/copy/conversation.ts';
import { WhyNot } from './bars.tsx';
import { Composer } from './composer.tsx';
import styles from './pane.module.css';
import { Timeline } from './timeline.tsx';
import { Typing } from './typing.tsx';

function subtitle({ kind, members, contact, whyNot }: Conversation): string {
  if (kind === 'self') return pane.noteText;
  if (kind === 'group' && (whyNot === 'left' || whyNot === 'removed')) return pane.outside;
  if (kind === 'group') return pane.members(members?.length ?? 0);
  if (contact?.verified) return pane.verified;
  return contact ? pane.met[contact.metBy] : '';
}

export function ConversationPane({ conversation, details }: { conversation: Conversation; details: boolean }) {
  const { id, kind, contact, canSend } = conversation;
  const title = kind === 'self' ? words.noteToSelf : conversation.title;
  const opener = useRef<HTMLButtonElement>(null);
  // Closed from inside, the panel takes the focus with it; it goes back to what opens it.
  useEffect(() => {
    const button = opener.current;
    if (!details) return undefined;
    return () => {
      requestAnimationFrame(() => {
        if (document.activeElement === document.body) button?.focus();
      });
    };
  }, [details]);
  return (
    <div className={styles['pane']}>
      <header className={styles['head']}>
        <IconButton icon={ArrowLeft} label={pane.back} className={styles['back']} onClick={closeConversation} />
        <button type="button" className={styles['who']} aria-expanded={details} onClick={toggleDetails}>
          <Avatar id={id} name={title} kind={kind} />
          <span className={styles['names']}>
            <span className={styles['title']}>
              <h2>
                <bdi>{title}</bdi>
              </h2>
              {contact?.verified ? (
                <BadgeCheck size={18} strokeWidth={1.75} className={styles['check']} role="img" aria-label={words.verified} />
              ) : null}
            </span>
            <span className={styles['subtitle']}>{subtitle(conversation)}</span>
          </span>
        </button>
        <IconButton ref={opener} icon={PanelRight} label={pane.details} aria-pressed={details} onClick={toggleDetails} />
      </header>
      <Timeline conversation={conversation} />
      <Typing conversation={conversation} />
      {canSend ? <Composer key={id} conversation={conversation} title={title} /> : <WhyNot conversation={conversation} />}
    </div>
  );
}
