import { KeyRound, Link, Lock, UserPlus } from 'lucide-react';
import type { ReactNode } from 'react';
import { messenger } from '../../store/messenger.ts';
import { setPreferences, THEMES, usePreferences } from '../../store/preferences.ts';
import { openOverlay } from '../../store/route.ts';
import { useMe } from '../../store/session.ts';
import { Avatar } from '../../ui/avatar.tsx';
import { Button } from '../../ui/button.tsx';
import { settings as words } from '../../ui/copy/settings.ts';
import { Dialog } from '../../ui/dialog.tsx';
import { Notice } from '../../ui/notice.tsx';
import { Switch } from '../../ui/switch.tsx';
import { useAct } from '../../ui/use-act.ts';
import { Invites } from './invites.tsx';
import styles from './settings.module.css';

const Section = ({ title, children }: { title: string; children: ReactNode }) => (
  <section className={styles['section']} aria-label={title}>
    <h3 className={styles['title']}>{title}</h3>
    {children}
  </section>
);

function Themes() {
  const theme = usePreferences((state) => state.theme);
  return (
    <fieldset className={styles['themes']}>
      <legend>{words.theme}</legend>
      {THEMES.map((one) => (
        <label key={one} className={styles['theme']}>
          <input type="radio" name="theme" checked={theme === one} onChange={() => setPreferences({ theme: one })} />
          {words.themes[one]}
        </label>
      ))}
    </fieldset>
  );
}

export function SettingsDialog({ onClose }: { onClose: () => void }) {
  const self = useMe();
  const enterSends = usePreferences((state) => state.enterSends);
  const { problem, act } = useAct();
  if (!self) return null;
  const { settings } = self;
  return (
    <Dialog title={words.title} onClose={onClose}>
      <div className={styles['profile']}>
        <Avatar id={self.accountId} name={self.username} size={56} />
        <bdi className={styles['name']}>{self.username}</bdi>
        <Button icon={Link} onClick={() => openOverlay({ name: 'my-link' })}>
          {words.myLink}
        </Button>
      </div>
      {problem ? <Notice tone="danger">{problem}</Notice> : null}
      <Section title={words.privacy}>
        <Switch
          label={words.readReceipts}
          hint={words.readReceiptsText}
          on={settings.readReceipts}
          onChange={(readReceipts) => act(() => messenger().setSettings({ ...settings, readReceipts }))}
        />
        <Switch
          label={words.typing}
          hint={words.typingText}
          on={settings.typing}
          onChange={(typing) => act(() => messenger().setSettings({ ...settings, typing }))}
        />
      </Section>
      <Section title={words.look}>
        <Themes />
        <Switch
          label={words.enterSends}
          hint={words.enterSendsText}
          on={enterSends}
          onChange={(on) => setPreferences({ enterSends: on })}
        />
      </Section>
      <Section title={words.safety}>
        <Button wide icon={KeyRound} onClick={() => openOverlay({ name: 'recovery-key' })}>
          {words.recoveryKey}
        </Button>
        <p className={styles['hint']}>{self.recoveryKeyConfirmed ? words.recoveryKeyDone : words.recoveryKeyOpen}</p>
        <Button wide icon={Lock} onClick={() => act(() => messenger().lock())}>
          {words.lock}
        </Button>
        <p className={styles['hint']}>{words.lockText}</p>
      </Section>
      {self.mayInvite ? (
        <Section title={words.invites}>
          <Invites />
          <Button wide icon={UserPlus} onClick={() => openOverlay({ name: 'invite' })}>
            {words.newInvite}
          </Button>
        </Section>
      ) : null}
      <Section title={words.about}>
        <p className={styles['hint']}>{words.aboutText}</p>
      </Section>
    </Dialog>
  );
}
