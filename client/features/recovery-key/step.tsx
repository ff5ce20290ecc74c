import { useState } from 'react';
import { useMe, useSession } from '../../store/session.ts';
import { toast } from '../../store/toasts.ts';
import { Button } from '../../ui/button.tsx';
import { door } from '../../ui/copy/door.ts';
import { Page } from '../../ui/page.tsx';
import { EnterWords } from './enter-words.tsx';
import { ShowWords } from './show-words.tsx';

/** The third step of signing up: nothing is lost by putting it off, a reminder stays. */
export function RecoveryKeyStep({ words }: { words: string[] }) {
  const [confirming, setConfirming] = useState(false);
  const username = useMe()?.username ?? '';
  const leave = (): void => useSession.setState({ newWords: undefined });

  if (confirming)
    return (
      <Page step={3} size="wide" title={door.confirmTitle} text={door.confirmText}>
        <EnterWords
          action={door.confirm}
          onRight={() => {
            leave();
            toast(door.confirmed);
          }}
        />
        <Button look="plain" wide onClick={() => setConfirming(false)}>
          {door.showAgain}
        </Button>
      </Page>
    );
  return (
    <Page step={3} size="wide" title={door.wordsTitle} text={door.wordsText}>
      <ShowWords username={username} words={words} />
      <Button look="primary" wide onClick={() => setConfirming(true)}>
        {door.wroteDown}
      </Button>
      <Button look="plain" wide onClick={leave}>
        {door.later}
      </Button>
    </Page>
  );
}
