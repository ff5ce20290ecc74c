import { useState } from 'react';
import { navigate } from 'wouter/use-hash-location';
import { parseRoute } from '../../store/route.ts';
import { Button } from '../../ui/button.tsx';
import { door } from '../../ui/copy/door.ts';
import { Field } from '../../ui/field.tsx';
import { Form } from '../../ui/form.tsx';

function problemOf(text: string): string | undefined {
  const { join } = parseRoute(text.slice(text.indexOf('#') + 1));
  if (!text.includes('#') || !join) return door.inviteNotALink;
  const origin = text.slice(0, text.indexOf('#')).replace(/\/$/, '');
  return origin === '' || origin === location.origin ? undefined : door.inviteOfAnotherRelay;
}

/** For an invite link that came by paper, phone or another browser. */
export function InviteField() {
  const [text, setText] = useState('');
  const [problem, setProblem] = useState<string>();
  const open = (): void => {
    const link = text.trim();
    const found = problemOf(link);
    setProblem(found);
    if (!found) navigate(link.slice(link.indexOf('#') + 1));
  };
  return (
    <Form onSubmit={open}>
      <Field
        label={door.inviteLink}
        hint={door.inviteHint}
        problem={problem}
        value={text}
        onChange={(event) => setText(event.target.value)}
        autoComplete="off"
        spellCheck={false}
        inputMode="url"
      />
      <Button type="submit" look="primary" wide>
        {door.continue}
      </Button>
    </Form>
  );
}
