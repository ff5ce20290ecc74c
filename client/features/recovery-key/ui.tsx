import { useEffect, useState } from 'react';
import { messenger } from '../../store/messenger.ts';
import { useMe } from '../../store/session.ts';
import { toast } from '../../store/toasts.ts';
import { Button } from '../../ui/button.tsx';
import { door } from '../../ui/copy/door.ts';
import { Dialog } from '../../ui/dialog.tsx';
import { Spinner } from '../../ui/spinner.tsx';
import { EnterWords } from './enter-words.tsx';
import { ShowWords } from './show-words.tsx';

/** The words again while they are unconfirmed; afterwards only the check of one's own copy. */
export function RecoveryKeyDialog({ onClose }: { onClose: () => void }) {
  const self = useMe();
  const [words, setWords] = useState<string[] | null>();
  const [confirming, setConfirming] = useState(false);
  useEffect(() => {
    let current = true;
    messenger()
      .recoveryWords()
      .then(
        (kept) => current && setWords(kept),
        () => current && setWords(null),
      );
    return () => {
      current = false;
    };
  }, []);

  if (words === undefined)
    return (
      <Dialog title={door.wordsTitle} onClose={onClose}>
        <Spinner />
      </Dialog>
    );
  const entering = confirming || words === null;
  const description = words === null ? door.alreadyConfirmed : confirming ? door.confirmText : door.wordsText;
  return (
    <Dialog size="wide" title={confirming ? door.confirmTitle : door.wordsTitle} description={description} onClose={onClose}>
      {entering ? (
        <EnterWords
          action={words === null ? door.checkCopy : door.confirm}
          onRight={() => {
            onClose();
            toast(words === null ? door.copyIsRight : door.confirmed);
          }}
        />
      ) : (
        <>
          <ShowWords username={self?.username ?? ''} words={words} />
          <Button look="primary" wide onClick={() => setConfirming(true)}>
            {door.wroteDown}
          </Button>
        </>
      )}
    </Dialog>
  );
}
