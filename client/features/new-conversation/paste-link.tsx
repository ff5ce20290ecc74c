import { useState } from 'react';
import { messenger } from '../../store/messenger.ts';
import { openConversation } from '../../store/route.ts';
import { Button } from '../../ui/button.tsx';
import { people } from '../../ui/copy/people.ts';
import { Dialog } from '../../ui/dialog.tsx';
import { Field } from '../../ui/field.tsx';
import { Form } from '../../ui/form.tsx';
import { useAct } from '../../ui/use-act.ts';

export function PasteLinkDialog({ onClose }: { onClose: () => void }) {
  const [link, setLink] = useState('');
  const { busy, problem, act, setProblem } = useAct();
  const open = (): void => {
    if (link.trim() !== '') act(async () => openConversation(await messenger().openContactLink(link.trim())));
  };
  return (
    <Dialog title={people.pasteTitle} description={people.pasteText} onClose={onClose}>
      <Form onSubmit={open}>
        <Field
          label={people.link}
          problem={problem}
          value={link}
          onChange={(event) => {
            setLink(event.target.value);
            setProblem(undefined);
          }}
          autoComplete="off"
          spellCheck={false}
        />
        <Button type="submit" look="primary" wide aria-disabled={busy || link.trim() === ''}>
          {people.open}
        </Button>
      </Form>
    </Dialog>
  );
}
