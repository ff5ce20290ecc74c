import { Dialog as Base } from '@base-ui/react/dialog';
import { KeyRound, Keyboard, Link, type LucideIcon, Settings, UserPlus, UserSearch, UsersRound } from 'lucide-react';
import { type ReactNode, useId, useState } from 'react';
import { sortedConversations, useConversations } from '../../store/conversations.ts';
import { openConversation, openOverlay, type Overlay } from '../../store/route.ts';
import { useMe } from '../../store/session.ts';
import { Avatar } from '../../ui/avatar.tsx';
import { words } from '../../ui/copy/common.ts';
import { list } from '../../ui/copy/conversation.ts';
import { door } from '../../ui/copy/door.ts';
import { palette } from '../../ui/copy/settings.ts';
import styles from './palette.module.css';

const MOST = 12;
type Choice = { key: string; name: string; icon: ReactNode; note?: string; run: () => void };

const ACTIONS: { name: string; icon: LucideIcon; overlay: Overlay; invite?: boolean }[] = [
  { name: list.find, icon: UserSearch, overlay: { name: 'find' } },
  { name: list.newGroup, icon: UsersRound, overlay: { name: 'new-group' } },
  { name: list.invite, icon: UserPlus, overlay: { name: 'invite' }, invite: true },
  { name: list.myLink, icon: Link, overlay: { name: 'my-link' } },
  { name: list.pasteLink, icon: Link, overlay: { name: 'paste-link' } },
  { name: list.settings, icon: Settings, overlay: { name: 'settings' } },
  { name: door.wordsTitle, icon: KeyRound, overlay: { name: 'recovery-key' } },
  { name: list.shortcuts, icon: Keyboard, overlay: { name: 'shortcuts' } },
];

function useChoices(typed: string): Choice[] {
  const byId = useConversations((state) => state.byId);
  const mayInvite = useMe()?.mayInvite ?? false;
  const wanted = typed.trim().toLowerCase();
  const conversations = sortedConversations(byId).map((one): Choice => {
    const name = one.kind === 'self' ? words.noteToSelf : one.title;
    return { key: one.id, name, icon: <Avatar id={one.id} name={name} kind={one.kind} size={28} />, run: () => openConversation(one.id) };
  });
  const actions = ACTIONS.filter(({ invite }) => !invite || mayInvite).map(
    ({ name, icon: Icon, overlay }): Choice => ({
      key: overlay.name,
      name,
      icon: <Icon size={20} strokeWidth={1.75} aria-hidden />,
      note: palette.action,
      run: () => openOverlay(overlay),
    }),
  );
  return [...conversations, ...actions].filter(({ name }) => name.toLowerCase().includes(wanted)).slice(0, MOST);
}

/** Type a few letters, press Enter: there. */
export function PaletteDialog({ onClose }: { onClose: () => void }) {
  const [typed, setTyped] = useState('');
  const [at, setAt] = useState(0);
  const id = useId();
  const choices = useChoices(typed);
  const chosen = Math.min(at, choices.length - 1);
  return (
    <Base.Root open onOpenChange={(open) => (open ? undefined : onClose())}>
      <Base.Portal>
        <Base.Backdrop className={styles['backdrop']} />
        <Base.Popup className={styles['popup']} aria-label={palette.title}>
          <input
            className={styles['field']}
            role="combobox"
            aria-expanded
            aria-controls={`${id}-list`}
            aria-activedescendant={choices[chosen] ? `${id}-${chosen}` : undefined}
            aria-label={palette.field}
            placeholder={palette.field}
            value={typed}
            onChange={(event) => {
              setTyped(event.target.value);
              setAt(0);
            }}
            onKeyDown={(event) => {
              if (event.key === 'ArrowDown' || event.key === 'ArrowUp') {
                event.preventDefault();
                setAt((chosen + (event.key === 'ArrowDown' ? 1 : -1) + choices.length) % Math.max(1, choices.length));
              } else if (event.key === 'Enter' && !event.nativeEvent.isComposing) {
                event.preventDefault();
                choices[chosen]?.run();
              }
            }}
          />
          <div id={`${id}-list`} role="listbox" aria-label={palette.results} className={styles['list']}>
            {choices.map((choice, index) => (
              // biome-ignore lint/a11y/useKeyWithClickEvents: the field above has the keys
              <div
                key={choice.key}
                id={`${id}-${index}`}
                role="option"
                tabIndex={-1}
                aria-selected={index === chosen}
                className={styles['choice']}
                onPointerMove={() => setAt(index)}
                onClick={choice.run}
              >
                <span className={styles['icon']}>{choice.icon}</span>
                <bdi className={styles['name']}>{choice.name}</bdi>
                {choice.note ? <span className={styles['note']}>{choice.note}</span> : null}
              </div>
            ))}
          </div>
          {choices.length === 0 ? <p className={styles['nothing']}>{palette.nothing}</p> : null}
        </Base.Popup>
      </Base.Portal>
    </Base.Root>
  );
}
