import { useState } from 'react';
import type { AccountId, Conversation } from '../../messenger/api.ts';
import { messenger } from '../../store/messenger.ts';
import { me } from '../../store/session.ts';
import { Button } from '../../ui/button.tsx';
import { group } from '../../ui/copy/group.ts';
import { Dialog } from '../../ui/dialog.tsx';
import { Form } from '../../ui/form.tsx';
import { Notice } from '../../ui/notice.tsx';
import { PeoplePicker } from '../../ui/people-picker.tsx';
import { useAct } from '../../ui/use-act.ts';

/** The last admin leaves somebody in charge. */
export function NameAdminDialog({ conversation, onClose }: { conversation: Conversation; onClose: () => void }) {
  const [picked, setPicked] = useState<AccountId[]>([]);
  const { busy, problem, act } = useAct();
  const self = me()?.accountId;
  const others = (conversation.members ?? []).filter(({ accountId }) => accountId !== self);
  const leave = (): void => {
    const [next] = picked;
    if (next === undefined) return;
    act(async () => {
      await messenger().setRole(conversation.id, next, 'admin');
      await messenger().leaveGroup(conversation.id);
      onClose();
    });
  };
  return (
    <Dialog title={group.nameAdminTitle} description={group.nameAdminText} busy={busy} onClose={onClose}>
      <Form onSubmit={leave}>
        <PeoplePicker people={others} picked={picked} onChange={(all) => setPicked(all.slice(-1))} none={group.noMatch} />
        {problem ? <Notice tone="danger">{problem}</Notice> : null}
        <Button type="submit" look="danger" wide aria-disabled={busy || picked.length === 0}>
          {group.nameAdmin}
        </Button>
      </Form>
    </Dialog>
  );
}
