import { type ReactNode, useEffect, useState } from 'react';
import { messenger } from '../../store/messenger.ts';
import { useSession } from '../../store/session.ts';
import { failureCode, failureSentence } from '../../ui/copy/failure.ts';
import { NameStep } from './name-step.tsx';
import { PassphraseStep } from './passphrase-step.tsx';

type SignUpProps = {
  invite: string;
  /** Account and name of who invited, as the link carries them. */
  contact: string | undefined;
  badInvite: ReactNode;
};

/** Name, passphrase; the third step, the recovery key, follows once the account stands. */
export function SignUp({ invite, contact, badInvite }: SignUpProps) {
  const [valid, setValid] = useState<boolean>();
  const [username, setUsername] = useState('');
  const [step, setStep] = useState<'name' | 'passphrase'>('name');
  const [busy, setBusy] = useState(false);
  const [problem, setProblem] = useState<string>();

  useEffect(() => {
    let current = true;
    setValid(undefined);
    messenger()
      .checkInvite(invite)
      // A relay that does not answer is no verdict on the invite: signing up will tell.
      .then(
        (answer) => current && setValid(answer),
        (error) => current && setValid(failureCode(error) !== 'bad-invite'),
      );
    return () => {
      current = false;
    };
  }, [invite]);

  const create = async (passphrase: string): Promise<void> => {
    setBusy(true);
    setProblem(undefined);
    useSession.setState({ signingUp: true });
    try {
      const link = contact === undefined ? {} : { contact: `${location.origin}/#/c/${contact}` };
      const { recoveryWords } = await messenger().signUp({ invite, username, passphrase, ...link });
      useSession.setState({ newWords: recoveryWords });
    } catch (error) {
      const code = failureCode(error);
      if (code === 'bad-invite') setValid(false);
      if (code === 'username-taken' || code === 'bad-username') setStep('name');
      setProblem(failureSentence(error));
    }
    setBusy(false);
    useSession.setState({ signingUp: false });
  };

  if (valid === false) return badInvite;
  if (step === 'name')
    return (
      <NameStep
        invite={invite}
        initial={username}
        onDone={(chosen) => {
          setUsername(chosen);
          setStep('passphrase');
        }}
      />
    );
  return (
    <PassphraseStep
      username={username}
      busy={busy}
      problem={problem}
      onBack={() => setStep('name')}
      onDone={(passphrase) => void create(passphrase)}
    />
  );
}
