import { createRoot } from 'react-dom/client';
import { listen } from '../store/listen.ts';
import { keepTheme } from '../store/preferences.ts';
import { useSession } from '../store/session.ts';
import '../ui/base.css';
import { failureCode } from '../ui/copy/failure.ts';
import { App } from './app.tsx';
import { connectMessenger } from './wiring.ts';

keepTheme();
const root = document.getElementById('root');
if (root) createRoot(root).render(<App />);
connectMessenger(() => useSession.setState({ stopped: true })).then(listen, (error: unknown) =>
  useSession.setState({ unable: failureCode(error) }),
);
