import { lazy, Suspense, useEffect } from 'react';
import { RecoveryKeyStep } from '../features/recovery-key/step.tsx';
import { SignUp } from '../features/sign-up/ui.tsx';
import { OwnedElsewhere, Stopped, Unable, Wiped } from '../features/start/phases.tsx';
import { BadInvite, Start } from '../features/start/ui.tsx';
import { Unlock } from '../features/unlock/ui.tsx';
import { currentRoute, type Route, replace, useRoute } from '../store/route.ts';
import { useSession } from '../store/session.ts';
import { sentenceOf } from '../ui/copy/failure.ts';
import { Spinner } from '../ui/spinner.tsx';
import { Toasts } from '../features/toasts/ui.tsx';
import { useFreeEngine } from './use-free-engine.ts';

// What nobody needs before they are in: the door stays light.
const loadShell = () => import('./shell.tsx');
const Shell = lazy(async () => ({ default: (await loadShell()).Shell }));

function Opening() {
  return (
    <main>
      <Spinner />
    </main>
  );
}

function Door({ route }: { route: Route }) {
  const { phase, unable, stopped, newWords, signingUp } = useSession();
  const open = phase.phase === 'open';
  const joining = route.join !== undefined;
  useFreeEngine(phase.phase === 'owned-elsewhere');
  useEffect(() => {
    if (open) void loadShell();
    // An invite is used up now and has no place in the address any more.
    if (open && joining && !signingUp && currentRoute().join) replace({});
  }, [open, joining, signingUp]);

  if (stopped) return <Stopped />;
  if (unable) return <Unable sentence={sentenceOf(unable)} />;
  if (newWords && open) return <RecoveryKeyStep words={newWords} />;
  if (route.join && (phase.phase === 'no-account' || signingUp))
    return <SignUp invite={route.join.invite} contact={route.join.contact} badInvite={<BadInvite />} />;
  switch (phase.phase) {
    case 'starting':
      return <Opening />;
    case 'no-account':
      return <Start contact={route.contact} />;
    case 'wiped':
      return <Wiped />;
    case 'locked':
      return <Unlock />;
    case 'owned-elsewhere':
      return <OwnedElsewhere />;
    case 'open':
      return (
        <Suspense fallback={<Opening />}>
          <Shell route={route} />
        </Suspense>
      );
  }
}

export function App() {
  const route = useRoute();
  return (
    <>
      <Door route={route} />
      <Toasts />
    </>
  );
}
