import {
  BookLock,
  Bookmark,
  Keyboard,
  Link,
  Lock,
  Menu as MenuIcon,
  Search,
  Settings,
  SquarePen,
  UserPlus,
  UserSearch,
  UsersRound,
} from 'lucide-react';
import { useDeferredValue, useRef, useState } from 'react';
import type { Conversation } from '../../messenger/api.ts';
import { useConversationList } from '../../store/conversations.ts';
import { messenger } from '../../store/messenger.ts';
import { openConversation, openOverlay } from '../../store/route.ts';
import { me, useMe } from '../../store/session.ts';
import { toast } from '../../store/toasts.ts';
import { Button, IconButton } from '../../ui/button.tsx';
import { words } from '../../ui/copy/common.ts';
import { list } from '../../ui/copy/conversation.ts';
import { door } from '../../ui/copy/door.ts';
import { failureSentence } from '../../ui/copy/failure.ts';
import { Mark } from '../../ui/mark.tsx';
import { Menu, MenuItem, MenuLine } from '../../ui/menu.tsx';
import { Empty } from './empty.tsx';
import styles from './list.module.css';
import { Row } from './row.tsx';

const titleOf = (conversation: Conversation): string => (conversation.kind === 'self' ? words.noteToSelf : conversation.title);

function openNotes(): void {
  const self = me();
  if (self)
    messenger()
      .openDirect(self.accountId)
      .then(openConversation, (error: unknown) => toast(failureSentence(error), { tone: 'danger' }));
}

function NewMenu({ mayInvite }: { mayInvite: boolean }) {
  return (
    <Menu trigger={<IconButton icon={SquarePen} label={list.start} />}>
      <MenuItem icon={UserSearch} onSelect={() => openOverlay({ name: 'find' })}>
        {list.find}
      </MenuItem>
      <MenuItem icon={Link} onSelect={() => openOverlay({ name: 'paste-link' })}>
        {list.pasteLink}
      </MenuItem>
      <MenuItem icon={UsersRound} onSelect={() => openOverlay({ name: 'new-group' })}>
        {list.newGroup}
      </MenuItem>
      <MenuItem icon={Bookmark} onSelect={openNotes}>
        {words.noteToSelf}
      </MenuItem>
      <MenuLine />
      {mayInvite ? (
        <MenuItem icon={UserPlus} onSelect={() => openOverlay({ name: 'invite' })}>
          {list.invite}
        </MenuItem>
      ) : null}
      <MenuItem icon={Link} onSelect={() => openOverlay({ name: 'my-link' })}>
        {list.myLink}
      </MenuItem>
    </Menu>
  );
}

type ListProps = { open: string | undefined; onLock: () => void };

/** Everyone and every group one talks with, the latest first; arrow keys move, Enter opens. */
export function ConversationList({ open, onLock }: ListProps) {
  const self = useMe();
  const { talks, requests } = useConversationList();
  const [typed, setTyped] = useState('');
  const wanted = useDeferredValue(typed.trim().toLowerCase());
  const rows = useRef<HTMLElement>(null);
  const found = (all: Conversation[]): Conversation[] =>
    wanted === '' ? all : all.filter((one) => titleOf(one).toLowerCase().includes(wanted));
  const shown = found(talks);
  const shownRequests = found(requests);
  const alone = talks.every(({ kind }) => kind === 'self') && requests.length === 0;

  const step = (by: number): void => {
    const buttons = [...(rows.current?.querySelectorAll<HTMLElement>('button[data-row]') ?? [])];
    const at = buttons.indexOf(document.activeElement as HTMLElement);
    buttons[Math.min(buttons.length - 1, Math.max(0, at + by))]?.focus();
  };

  return (
    <div className={styles['side']}>
      <header className={styles['head']}>
        <Mark size={28} />
        <h1 className={styles['title']}>{words.product}</h1>
        <NewMenu mayInvite={self?.mayInvite ?? false} />
        <Menu trigger={<IconButton icon={MenuIcon} label={list.menu} />}>
          <MenuItem icon={Settings} onSelect={() => openOverlay({ name: 'settings' })}>
            {list.settings}
          </MenuItem>
          <MenuItem icon={Keyboard} onSelect={() => openOverlay({ name: 'shortcuts' })}>
            {list.shortcuts}
          </MenuItem>
          <MenuLine />
          <MenuItem icon={Lock} onSelect={onLock}>
            {list.lock}
          </MenuItem>
        </Menu>
      </header>
      <div className={styles['search']}>
        <Search size={16} strokeWidth={1.75} aria-hidden />
        <input
          type="search"
          className={styles['searchInput']}
          aria-label={list.search}
          placeholder={list.search}
          value={typed}
          onChange={(event) => setTyped(event.target.value)}
          onKeyDown={(event) => {
            if (event.key === 'ArrowDown') {
              event.preventDefault();
              step(1);
            } else if (event.key === 'Escape' && typed !== '') {
              event.stopPropagation();
              setTyped('');
            }
          }}
        />
      </div>
      {self && !self.recoveryKeyConfirmed ? (
        <button type="button" className={styles['reminder']} onClick={() => openOverlay({ name: 'recovery-key' })}>
          <BookLock size={20} strokeWidth={1.75} aria-hidden />
          <span>
            <strong>{door.reminder}</strong>
            <span className={styles['reminderText']}>{door.reminderText}</span>
          </span>
        </button>
      ) : null}
      <nav
        ref={rows}
        className={styles['rows']}
        aria-label={list.label}
        onKeyDown={(event) => {
          if (event.altKey || (event.key !== 'ArrowDown' && event.key !== 'ArrowUp')) return;
          event.preventDefault();
          step(event.key === 'ArrowDown' ? 1 : -1);
        }}
      >
        {shownRequests.length > 0 ? <h2 className={styles['section']}>{list.requests}</h2> : null}
        {shownRequests.map((one) => (
          <Row key={one.id} conversation={one} open={one.id === open} />
        ))}
        {shownRequests.length > 0 && shown.length > 0 ? <h2 className={styles['section']}>{list.label}</h2> : null}
        {shown.map((one) => (
          <Row key={one.id} conversation={one} open={one.id === open} />
        ))}
        {wanted !== '' && shown.length + shownRequests.length === 0 ? (
          <div className={styles['nothing']}>
            <p>{list.nothingFound}</p>
            <Button look="plain" onClick={() => openOverlay({ name: 'find' })}>
              {list.find}
            </Button>
          </div>
        ) : null}
        {alone && wanted === '' ? <Empty mayInvite={self?.mayInvite ?? false} /> : null}
      </nav>
    </div>
  );
}
