import { useState } from 'react';
import { messenger } from '../../store/messenger.ts';
import { Button } from '../../ui/button.tsx';
import { door } from '../../ui/copy/door.ts';
import { failureSentence } from '../../ui/copy/failure.ts';
import { Notice } from '../../ui/notice.tsx';
import { Page } from '../../ui/page.tsx';

/** A button whose act may fail, with the sentence under it. */
function Act({ label, act }: { label: string; act: () => Promise<void> }) {
  const [problem, setProblem] = useState<string>();
  return (
    <>
      {problem ? <Notice tone="danger">{problem}</Notice> : null}
      <Button look="primary" wide onClick={() => act().catch((error: unknown) => setProblem(failureSentence(error)))}>
        {label}
      </Button>
    </>
  );
}

export const Wiped = () => (
  <Page title={door.wipedTitle} text={door.wipedText}>
    <Notice>{door.wipedRestore}</Notice>
    <Act label={door.startOver} act={() => messenger().startOver()} />
  </Page>
);

export const OwnedElsewhere = () => (
  <Page title={door.elsewhereTitle} text={door.elsewhereText}>
    <Act label={door.takeOver} act={() => messenger().takeOver()} />
  </Page>
);

const Reload = () => (
  <Button wide look="primary" onClick={() => location.reload()}>
    {door.reload}
  </Button>
);

export const Stopped = () => (
  <Page title={door.stoppedTitle} text={door.stoppedText}>
    <Reload />
  </Page>
);

export function Unable({ sentence }: { sentence: string }) {
  if (!isSecureContext) return <Page title={door.insecureTitle} text={door.insecureText(location.host)} />;
  return (
    <Page title={door.unsupportedTitle} text={`${sentence} ${door.unsupportedText}`}>
      <Reload />
    </Page>
  );
}
