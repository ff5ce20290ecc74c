import { useState } from 'react';
import type { AccountId, Conversation } from '../../messenger/api.ts';
import { usePeople } from '../../store/conversations.ts';
import { messenger } from '../../store/messenger.ts';
import { openConversation } from '../../store/route.ts';
import { Button } from '../../ui/button.tsx';
import { group } from '../../ui/copy/group.ts';
import { Dialog } from '../../ui/dialog.tsx';
import { Field } from '../../ui/field.tsx';
import { Form } from '../../ui/form.tsx';
import { Notice } from '../../ui/notice.tsx';
import { PeoplePicker } from '../../ui/people-picker.tsx';
import { Spinner } from '../../ui/spinner.tsx';
import { useAct } from '../../ui/use-act.ts';

const MAX_NAME_CHARACTERS = 64;

export function NewGroupDialog({ onClose }: { onClose: () => void }) {
  const people = usePeople();
  const [name, setName] = useState('');
  const [picked, setPicked] = useState<AccountId[]>([]);
  const [tried, setTried] = useState(false);
  const { busy, problem, act } = useAct();
  const create = (): void => {
    setTried(true);
    if (name.trim() !== '') act(async () => openConversation(await messenger().createGroup(name.trim(), picked)));
  };
  return (
    <Dialog title={group.newTitle} description={group.newText} onClose={onClose}>
      <Form onSubmit={create}>
        <Field
          label={group.name}
          problem={tried && name.trim() === '' ? group.nameMissing : undefined}
          maxLength={MAX_NAME_CHARACTERS}
          value={name}
          onChange={(event) => setName(event.target.value)}
          autoComplete="off"
        />
        <PeoplePicker people={people} picked={picked} onChange={setPicked} none={group.noPeople} />
        {problem ? <Notice tone="danger">{problem}</Notice> : null}
        {busy ? <Spinner label={group.creating} /> : null}
        <Button type="submit" look="primary" wide aria-disabled={busy}>
          {group.create}
        </Button>
      </Form>
    </Dialog>
  );
}

export function AddMembersDialog({ conversation, onClose }: { conversation: Conversation; onClose: () => void }) {
  const inside = new Set(conversation.members?.map(({ accountId }) => accountId));
  const people = usePeople().filter(({ accountId }) => !inside.has(accountId));
  const [picked, setPicked] = useState<AccountId[]>([]);
  const { busy, problem, act } = useAct();
  return (
    <Dialog title={group.addTitle} description={group.addText} onClose={onClose}>
      <Form onSubmit={() => (picked.length === 0 ? undefined : act(() => messenger().addMembers(conversation.id, picked).then(onClose)))}>
        <PeoplePicker people={people} picked={picked} onChange={setPicked} none={group.nobodyLeft} />
        {problem ? <Notice tone="danger">{problem}</Notice> : null}
        {busy ? <Spinner label={group.adding} /> : null}
        {people.length === 0 ? null : (
          <Button type="submit" look="primary" wide aria-disabled={busy || picked.length === 0}>
            {group.add}
          </Button>
        )}
      </Form>
    </Dialog>
  );
}
