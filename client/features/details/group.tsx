import { Check, LogOut, Pencil, UserPlus } from 'lucide-react';
import { useEffect, useRef, useState } from 'react';
import type { Conversation, Member } from '../../messenger/api.ts';
import { messenger } from '../../store/messenger.ts';
import { openOverlay, useRoute } from '../../store/route.ts';
import { me } from '../../store/session.ts';
import { Button, IconButton } from '../../ui/button.tsx';
import { Confirm } from '../../ui/confirm.tsx';
import { words } from '../../ui/copy/common.ts';
import { group, roles } from '../../ui/copy/group.ts';
import { Notice } from '../../ui/notice.tsx';
import { useAct } from '../../ui/use-act.ts';
import { useFocusWhenLost } from '../../ui/use-focus-when-lost.ts';
import styles from './details.module.css';
import { MemberRow } from './member.tsx';

const MAX_NAME_CHARACTERS = 64;
const RANK = { admin: 0, moderator: 1, member: 2 } as const;

/** The name, and a field in its place for those who may change it. */
function GroupName({ conversation: { id, title, myRole } }: { conversation: Conversation }) {
  const [name, setName] = useState<string>();
  const { busy, problem, act } = useAct();
  const pencil = useRef<HTMLButtonElement>(null);
  const renamed = useRef(false);
  useEffect(() => {
    if (name !== undefined) renamed.current = true;
    else if (renamed.current) pencil.current?.focus();
  }, [name]);
  if (name === undefined)
    return (
      <h3 className={styles['title']}>
        <bdi>{title}</bdi>
        {myRole === 'admin' || myRole === 'moderator' ? (
          <IconButton ref={pencil} icon={Pencil} label={group.rename} onClick={() => setName(title)} />
        ) : null}
      </h3>
    );
  const rename = (): void => {
    const wanted = name.trim();
    if (wanted === '' || wanted === title) return setName(undefined);
    act(() =>
      messenger()
        .renameGroup(id, wanted)
        .then(() => setName(undefined)),
    );
  };
  return (
    <form
      className={styles['rename']}
      onSubmit={(event) => {
        event.preventDefault();
        rename();
      }}
    >
      <input
        className={styles['renameField']}
        aria-label={group.name}
        maxLength={MAX_NAME_CHARACTERS}
        value={name}
        onChange={(event) => setName(event.target.value)}
        onKeyDown={(event) => {
          if (event.key !== 'Escape') return;
          event.stopPropagation();
          event.nativeEvent.stopImmediatePropagation();
          setName(undefined);
        }}
        // biome-ignore lint/a11y/noAutofocus: it stands where the pressed button stood
        autoFocus
      />
      <IconButton type="submit" icon={Check} label={words.save} aria-disabled={busy} />
      {problem ? <Notice tone="danger">{problem}</Notice> : null}
    </form>
  );
}

/** Somebody has to look after the group when one is gone. */
export function isLastAdmin({ members = [], myRole }: Conversation): boolean {
  const others = members.filter(({ accountId }) => accountId !== me()?.accountId);
  return myRole === 'admin' && others.length > 0 && others.every(({ role }) => role !== 'admin');
}

export function GroupDetails({ conversation }: { conversation: Conversation }) {
  const { id, members = [], myRole, whyNot } = conversation;
  const [leaving, setLeaving] = useState(false);
  const { overlay } = useRoute();
  const self = me()?.accountId;
  const inside = whyNot !== 'left' && whyNot !== 'removed';
  const sorted = [...members].sort((one, other) => RANK[one.role] - RANK[other.role] || one.username.localeCompare(other.username));
  // Whoever was removed or has left takes the button that was pressed with them.
  const heading = useRef<HTMLHeadingElement>(null);
  useFocusWhenLost(() => heading.current, `${members.length} ${inside} ${leaving} ${overlay?.name}`);
  const mayRemove = (member: Member): boolean =>
    member.accountId !== self && (myRole === 'admin' || (myRole === 'moderator' && member.role === 'member'));
  return (
    <>
      <GroupName conversation={conversation} />
      <section className={styles['section']} aria-label={group.members}>
        <h4 ref={heading} tabIndex={-1} className={styles['label']}>
          {group.members} · {members.length}
        </h4>
        {inside && myRole !== 'member' ? (
          <Button wide icon={UserPlus} onClick={() => openOverlay({ name: 'add-members', of: id })}>
            {group.add}
          </Button>
        ) : null}
        <ul className={styles['members']}>
          {sorted.map((member) => (
            <MemberRow
              key={member.accountId}
              group={id}
              member={member}
              self={member.accountId === self}
              roleName={roles[member.role]}
              maySetRole={inside && myRole === 'admin' && member.accountId !== self}
              mayRemove={inside && mayRemove(member)}
            />
          ))}
        </ul>
      </section>
      {inside ? (
        <div className={styles['acts']}>
          <Button
            wide
            icon={LogOut}
            onClick={() => (isLastAdmin(conversation) ? openOverlay({ name: 'name-admin', of: id }) : setLeaving(true))}
          >
            {group.leave}
          </Button>
        </div>
      ) : null}
      {leaving ? (
        <Confirm
          title={group.leaveTitle}
          text={group.leaveText}
          action={group.leave}
          onClose={() => setLeaving(false)}
          onConfirm={() => messenger().leaveGroup(id)}
        />
      ) : null}
    </>
  );
}
