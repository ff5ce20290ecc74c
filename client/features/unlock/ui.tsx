import { useState } from 'react';
import { messenger } from '../../store/messenger.ts';
import { useSession } from '../../store/session.ts';
import { Button } from '../../ui/button.tsx';
import { door } from '../../ui/copy/door.ts';
import { failureSentence } from '../../ui/copy/failure.ts';
import { PassphraseField } from '../../ui/field.tsx';
import { Form } from '../../ui/form.tsx';
import { Page } from '../../ui/page.tsx';
import { ProgressBar } from '../../ui/spinner.tsx';

export function Unlock() {
  const [passphrase, setPassphrase] = useState('');
  const [problem, setProblem] = useState<string>();
  const [busy, setBusy] = useState(false);
  const progress = useSession((state) => state.progress);

  const unlock = async (): Promise<void> => {
    if (busy || passphrase === '') return;
    setBusy(true);
    setProblem(undefined);
    try {
      await messenger().unlock(passphrase);
    } catch (error) {
      setProblem(failureSentence(error));
    }
    setBusy(false);
  };

  return (
    <Page title={door.unlockTitle} text={door.unlockText}>
      <Form onSubmit={() => void unlock()}>
        <PassphraseField
          label={door.passphrase}
          problem={problem}
          value={passphrase}
          onChange={(event) => {
            setPassphrase(event.target.value);
            setProblem(undefined);
          }}
          autoComplete="current-password"
          autoFocus
        />
        {busy ? <ProgressBar label={door.unlocking} done={progress ?? 0} /> : null}
        <Button type="submit" look="primary" wide aria-disabled={busy || passphrase === ''}>
          {door.unlock}
        </Button>
      </Form>
    </Page>
  );
}
