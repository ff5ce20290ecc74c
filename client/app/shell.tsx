import { Suspense, useEffect, useRef } from 'react';
import { ConnectionBanner } from '../features/connection/banner.tsx';
import { ConversationPane } from '../features/conversation/ui.tsx';
import { ConversationList } from '../features/conversation-list/ui.tsx';
import { useConversation, useUnreadTotal } from '../store/conversations.ts';
import { messenger } from '../store/messenger.ts';
import { openConversation, type Route, replace, toggleDetails } from '../store/route.ts';
import { finishToasts, toast } from '../store/toasts.ts';
import { words } from '../ui/copy/common.ts';
import { list, pane } from '../ui/copy/conversation.ts';
import { failureSentence } from '../ui/copy/failure.ts';
import { Mark } from '../ui/mark.tsx';
import { useFocusWhenLost } from '../ui/use-focus-when-lost.ts';
import { Details, Overlays } from './overlays.tsx';
import styles from './shell.module.css';
import { useKeys } from './use-keys.ts';

function lock(): void {
  finishToasts();
  messenger()
    .lock()
    .catch((error: unknown) => toast(failureSentence(error), { tone: 'danger' }));
}

/** The unread count in the title and a dot on the icon. */
function useUnreadSigns(): void {
  const unread = useUnreadTotal();
  useEffect(() => {
    document.title = unread > 0 ? `(${unread}) ${words.product}` : words.product;
    document.querySelector('link[rel="icon"]')?.setAttribute('href', unread > 0 ? '/favicon-unread.svg' : '/favicon.svg');
    return () => {
      document.title = words.product;
    };
  }, [unread]);
}

/** A contact link that was opened in this tab: it leads to the conversation, or says why not. */
function useContactLink(contact: string | undefined): void {
  useEffect(() => {
    if (contact === undefined) return;
    messenger()
      .openContactLink(`${location.origin}/#/c/${contact}`)
      .then(openConversation, (error: unknown) => {
        toast(failureSentence(error), { tone: 'danger' });
        replace({});
      });
  }, [contact]);
}

/** Closed or deleted, a conversation leaves the focus in the list: on its row, or on the first. */
function useFocusInList(open: string | undefined): void {
  const last = useRef<string>(undefined);
  useEffect(() => {
    if (open !== undefined) last.current = open;
  }, [open]);
  useFocusWhenLost(() => {
    if (open !== undefined || last.current === undefined) return undefined;
    return document.querySelector<HTMLElement>(`[data-row="${last.current}"]`) ?? document.querySelector<HTMLElement>('[data-row]');
  }, open);
}

function skip(): void {
  document.querySelector<HTMLElement>('[role=log]')?.focus();
}

const Welcome = () => (
  <div className={styles['welcome']}>
    <Mark size={56} />
    <p className={styles['welcomeTitle']}>{pane.welcomeTitle}</p>
    <p>{pane.welcomeText}</p>
  </div>
);

export function Shell({ route }: { route: Route }) {
  const conversation = useConversation(route.conversation);
  const details = conversation !== undefined && route.details === true;
  useUnreadSigns();
  useContactLink(route.contact);
  useKeys(lock);
  useFocusInList(conversation?.id);
  useEffect(() => {
    addEventListener('pagehide', finishToasts);
    return () => removeEventListener('pagehide', finishToasts);
  }, []);
  return (
    <div className={styles['shell']} data-open={conversation ? '' : undefined} data-details={details ? '' : undefined}>
      <button type="button" className={styles['skip']} onClick={skip}>
        {words.skipToMessages}
      </button>
      <div className={styles['banner']}>
        <ConnectionBanner />
      </div>
      <aside className={styles['list']} aria-label={list.label}>
        <ConversationList open={conversation?.id} onLock={lock} />
      </aside>
      <main className={styles['main']}>
        {conversation ? <ConversationPane key={conversation.id} conversation={conversation} details={details} /> : <Welcome />}
      </main>
      {conversation && details ? (
        <aside className={styles['details']} aria-label={pane.details}>
          <Suspense fallback={null}>
            <Details conversation={conversation} onClose={toggleDetails} />
          </Suspense>
        </aside>
      ) : null}
      <Overlays overlay={route.overlay} />
    </div>
  );
}
