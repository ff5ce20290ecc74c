import { BadgeCheck, EllipsisVertical, MessageSquare, ShieldCheck, UserMinus, UserRoundCog } from 'lucide-react';
import { useState } from 'react';
import type { ConversationId, Member, Role } from '../../messenger/api.ts';
import { messenger } from '../../store/messenger.ts';
import { openConversation, openOverlay } from '../../store/route.ts';
import { toast } from '../../store/toasts.ts';
import { Avatar } from '../../ui/avatar.tsx';
import { IconButton } from '../../ui/button.tsx';
import { Confirm } from '../../ui/confirm.tsx';
import { words } from '../../ui/copy/common.ts';
import { failureSentence } from '../../ui/copy/failure.ts';
import { group as groupWords } from '../../ui/copy/group.ts';
import { people } from '../../ui/copy/people.ts';
import { Menu, MenuItem, MenuLine } from '../../ui/menu.tsx';
import styles from './details.module.css';

const ROLES: Role[] = ['admin', 'moderator', 'member'];
const complain = (error: unknown): void => toast(failureSentence(error), { tone: 'danger' });

type MemberRowProps = { group: ConversationId; member: Member; self: boolean; roleName: string; maySetRole: boolean; mayRemove: boolean };

export function MemberRow({ group, member, self, roleName, maySetRole, mayRemove }: MemberRowProps) {
  const [removing, setRemoving] = useState(false);
  const { accountId, username, role, verified } = member;
  return (
    <li className={styles['member']}>
      <Avatar id={accountId} name={username} size={36} />
      <span className={styles['memberName']}>
        <span>
          <bdi>{username}</bdi>
          {self ? ` (${words.you})` : null}
          {verified && !self ? (
            <BadgeCheck size={14} strokeWidth={1.75} role="img" aria-label={words.verified} className={styles['check']} />
          ) : null}
        </span>
        {role === 'member' ? null : <span className={styles['role']}>{roleName}</span>}
      </span>
      {self ? null : (
        <Menu trigger={<IconButton icon={EllipsisVertical} label={groupWords.memberMenu(username)} />}>
          <MenuItem icon={MessageSquare} onSelect={() => void messenger().openDirect(accountId).then(openConversation, complain)}>
            {groupWords.writeTo}
          </MenuItem>
          <MenuItem icon={ShieldCheck} onSelect={() => openOverlay({ name: 'safety-number', of: accountId })}>
            {people.safetyNumber}
          </MenuItem>
          {maySetRole || mayRemove ? <MenuLine /> : null}
          {maySetRole
            ? ROLES.filter((other) => other !== role).map((other) => (
                <MenuItem
                  key={other}
                  icon={UserRoundCog}
                  onSelect={() => void messenger().setRole(group, accountId, other).catch(complain)}
                >
                  {groupWords.make(other)}
                </MenuItem>
              ))
            : null}
          {mayRemove ? (
            <MenuItem icon={UserMinus} tone="danger" onSelect={() => setRemoving(true)}>
              {groupWords.remove}
            </MenuItem>
          ) : null}
        </Menu>
      )}
      {removing ? (
        <Confirm
          title={groupWords.removeTitle(username)}
          text={groupWords.removeText}
          action={groupWords.removeAct}
          onClose={() => setRemoving(false)}
          onConfirm={() => messenger().removeMember(group, accountId)}
        />
      ) : null}
    </li>
  );
}
