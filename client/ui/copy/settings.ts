import type { Theme } from '../../store/preferences.ts';

export const settings = {
  title: 'Settings',
  profile: 'You',
  myLink: 'My contact link',
  privacy: 'Privacy',
  readReceipts: 'Read receipts',
  readReceiptsText: 'Off means that nobody sees what you have read, and you do not see it of others.',
  typing: 'Typing',
  typingText: 'Off means that nothing is sent while you write, and you do not see others write.',
  look: 'Look and keys',
  theme: 'Theme',
  themes: { system: 'System', light: 'Light', dark: 'Dark', contrast: 'High contrast' } satisfies Record<Theme, string>,
  enterSends: 'Enter sends',
  enterSendsText: 'Off: Enter breaks the line and Ctrl+Enter sends.',
  safety: 'Safety',
  recoveryKey: 'Recovery key',
  recoveryKeyOpen: 'Not written down yet',
  recoveryKeyDone: 'Confirmed. You can check your copy at any time.',
  lock: 'Lock now',
  lockText: 'Everything on this device stays encrypted until you enter your passphrase.',
  invites: 'Open invites',
  noInvites: 'No open invites.',
  newInvite: 'Invite someone',
  usesLeft: (uses: number, date: string) => `${uses === 1 ? 'For one person' : `For ${uses} people`}, until ${date}`,
  revoke: 'Take back',
  revoked: 'The invite is taken back.',
  about: 'About',
  aboutText: 'Sottovoce 0.1.0, AGPL-3.0-only. Free software: whoever serves it to you owes you its source.',
} as const;

export const palette = {
  title: 'Go to',
  field: 'Go to a conversation or an action',
  results: 'Results',
  nothing: 'Nothing by that name.',
  action: 'Action',
} as const;

export const shortcuts = {
  title: 'Keyboard shortcuts',
  keys: [
    ['Ctrl K', 'Go anywhere'],
    ['Alt ↑ / Alt ↓', 'Conversation above or below'],
    ['Alt Shift ↑ / ↓', 'Unread conversation above or below'],
    ['↑ / ↓ in the messages', 'Message above or below; Enter opens its menu'],
    ['Enter', 'Send'],
    ['Shift Enter', 'New line'],
    ['Esc', 'Close what is on top'],
    ['Ctrl Shift L', 'Lock'],
    ['?', 'This sheet'],
  ],
} as const;
