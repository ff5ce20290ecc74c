import { useState } from 'react';
import { useSession } from '../../store/session.ts';
import { Button } from '../../ui/button.tsx';
import { words } from '../../ui/copy/common.ts';
import { door } from '../../ui/copy/door.ts';
import { PassphraseField } from '../../ui/field.tsx';
import { Form } from '../../ui/form.tsx';
import { Notice } from '../../ui/notice.tsx';
import { Page } from '../../ui/page.tsx';
import { ProgressBar } from '../../ui/spinner.tsx';
import { strengthOf } from './strength.ts';

type PassphraseStepProps = {
  username: string;
  busy: boolean;
  problem: string | undefined;
  onBack: () => void;
  onDone: (passphrase: string) => void;
};

export function PassphraseStep({ username, busy, problem, onBack, onDone }: PassphraseStepProps) {
  const [passphrase, setPassphrase] = useState('');
  const [tried, setTried] = useState(false);
  const progress = useSession((state) => state.progress);
  const strength = strengthOf(passphrase);
  const tooWeak = strength.level === 'none' || strength.level === 'short' || strength.level === 'weak';

  if (busy)
    return (
      <Page step={2} title={door.creating} text={door.creatingText}>
        <ProgressBar label={door.creating} done={progress ?? 0} />
      </Page>
    );

  return (
    <Page step={2} title={door.passphraseTitle} text={door.passphraseText}>
      <Form
        onSubmit={() => {
          setTried(true);
          if (!tooWeak) onDone(passphrase);
        }}
      >
        {/* Lets a password manager file the passphrase under the right name. */}
        <input type="text" autoComplete="username" value={username} readOnly hidden />
        <PassphraseField
          label={door.passphrase}
          hint={strength.said}
          tone={strength.level === 'strong' ? 'ok' : 'muted'}
          problem={tried && tooWeak ? strength.said : undefined}
          value={passphrase}
          onChange={(event) => setPassphrase(event.target.value)}
          autoComplete="new-password"
          autoFocus
        />
        {problem ? <Notice tone="danger">{problem}</Notice> : null}
        <Button type="submit" look="primary" wide>
          {door.createAccount}
        </Button>
        <Button look="plain" wide onClick={onBack}>
          {words.back}
        </Button>
      </Form>
    </Page>
  );
}
