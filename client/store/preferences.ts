import { create } from 'zustand';

export const THEMES = ['system', 'light', 'dark', 'contrast'] as const;
export type Theme = (typeof THEMES)[number];

/** What this browser remembers about looks and keys: nothing about people. */
type Preferences = { theme: Theme; enterSends: boolean };

const STORED = 'sottovoce.preferences';

function stored(): Preferences {
  const fallback: Preferences = { theme: 'system', enterSends: true };
  try {
    const found = JSON.parse(localStorage.getItem(STORED) ?? '{}') as Partial<Record<keyof Preferences, unknown>>;
    return {
      theme: THEMES.find((theme) => theme === found.theme) ?? fallback.theme,
      enterSends: typeof found.enterSends === 'boolean' ? found.enterSends : fallback.enterSends,
    };
  } catch {
    return fallback;
  }
}

export const usePreferences = create<Preferences>(stored);

export function setPreferences(change: Partial<Preferences>): void {
  usePreferences.setState(change);
  try {
    localStorage.setItem(STORED, JSON.stringify(usePreferences.getState()));
  } catch {
    // Storage may be full or forbidden: the choice then lasts as long as the page.
  }
}

/** Puts the theme on the document, now and whenever it or the system changes. */
export function keepTheme(): void {
  const contrast = matchMedia('(prefers-contrast: more)');
  const apply = (): void => {
    const { theme } = usePreferences.getState();
    const { dataset } = document.documentElement;
    if (theme === 'light' || theme === 'dark') dataset['theme'] = theme;
    else delete dataset['theme'];
    if (theme === 'contrast' || (theme === 'system' && contrast.matches)) dataset['contrast'] = 'more';
    else delete dataset['contrast'];
  };
  apply();
  usePreferences.subscribe(apply);
  contrast.addEventListener('change', apply);
}
