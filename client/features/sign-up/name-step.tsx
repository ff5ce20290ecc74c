import { useEffect, useState } from 'react';
import { messenger } from '../../store/messenger.ts';
import { Button } from '../../ui/button.tsx';
import { door } from '../../ui/copy/door.ts';
import { failureCode, failureSentence, sentenceOf } from '../../ui/copy/failure.ts';
import { Field } from '../../ui/field.tsx';
import { Form } from '../../ui/form.tsx';
import { Page } from '../../ui/page.tsx';
import { isUsername } from '../../ui/username.ts';

const MAX_CHARACTERS = 32;
// Asked while typing, so not at every key.
const ASK_AFTER_MS = 400;

type Answer = { username: string; problem?: string };

export function NameStep({ invite, initial, onDone }: { invite: string; initial: string; onDone: (username: string) => void }) {
  const [username, setUsername] = useState(initial);
  const [answer, setAnswer] = useState<Answer>();
  const [asking, setAsking] = useState(false);

  const ask = async (name: string): Promise<Answer> => {
    try {
      return (await messenger().checkUsername(invite, name)) ? { username: name } : { username: name, problem: door.usernameTaken };
    } catch (error) {
      return { username: name, problem: failureSentence(error) };
    }
  };

  useEffect(() => {
    if (!isUsername(username)) return;
    let current = true;
    const timer = setTimeout(() => {
      void messenger()
        .checkUsername(invite, username)
        .then((free) => current && setAnswer(free ? { username } : { username, problem: door.usernameTaken }))
        // Being offline or too quick is said when one goes on, not while typing.
        .catch((error) => current && failureCode(error) === 'bad-username' && setAnswer({ username, problem: failureSentence(error) }));
    }, ASK_AFTER_MS);
    return () => {
      current = false;
      clearTimeout(timer);
    };
  }, [invite, username]);

  const known = answer?.username === username ? answer : undefined;
  const go = async (): Promise<void> => {
    if (asking) return;
    if (!isUsername(username)) return setAnswer({ username, problem: sentenceOf('bad-username') });
    setAsking(true);
    const said = known && !known.problem ? known : await ask(username);
    setAsking(false);
    setAnswer(said);
    if (!said.problem) onDone(username);
  };

  return (
    <Page step={1} title={door.nameTitle} text={door.nameText}>
      <Form onSubmit={() => void go()}>
        <Field
          label={door.username}
          hint={known && !known.problem ? door.usernameFree : door.usernameHint}
          tone={known && !known.problem ? 'ok' : 'muted'}
          problem={known?.problem}
          value={username}
          onChange={(event) => setUsername(event.target.value.toLowerCase().replace(/[\s-]/g, '_').slice(0, MAX_CHARACTERS))}
          autoComplete="username"
          autoCapitalize="none"
          spellCheck={false}
          autoFocus
        />
        <Button type="submit" look="primary" wide aria-disabled={asking}>
          {door.continue}
        </Button>
      </Form>
    </Page>
  );
}
