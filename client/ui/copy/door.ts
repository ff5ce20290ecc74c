import { isolate } from '../identity-look.ts';

/** Words before the conversations: start, sign-up, unlock, recovery key. */
export const door = {
  starting: 'Opening',
  tagline: 'Private conversations over a relay that cannot read them.',
  noInvite: 'People come to this relay by invitation. Paste the invite link somebody sent you, and you are in within a minute.',
  contactTitle: 'A contact link',
  contactTitleOf: (name: string) => `A contact link of ${isolate(name)}`,
  contactText:
    'It is for people who have an account on this relay, and this browser has none. People come here by invitation: ask for an invite link and paste it below. If your account is in another browser, open the link there.',
  promises: [
    'Messages are encrypted on your device; the relay carries what it cannot read.',
    'No phone number, no e-mail address, nothing to install.',
    'Anyone can host a relay, and anyone can check how it works.',
  ],
  inviteLink: 'Invite link',
  inviteHint: 'It looks like https://…/#/join/…',
  inviteNotALink: 'This does not look like an invite link. Copy the whole link and paste it here.',
  inviteOfAnotherRelay: 'This invite is for another relay. Open the link itself instead of pasting it here.',
  continue: 'Continue',
  step: (step: number) => `Step ${step} of 3`,

  nameTitle: 'Choose a name',
  nameText: 'Others find you by this name. It need not be your real one, and it cannot be changed later.',
  username: 'Username',
  usernameHint: 'At least 3 small letters, digits or underscores, beginning with a letter.',
  usernameFree: 'This name is free.',
  usernameTaken: 'Someone here has that name already. Choose another.',
  badInviteTitle: 'This invite does not work',
  badInvite: 'It is used up, expired or was not copied whole. Ask the person who sent it for a new one, or paste another below.',

  passphraseTitle: 'Choose a passphrase',
  passphraseText: 'It locks Sottovoce on this device and never leaves it. Nobody can reset it for you.',
  passphrase: 'Passphrase',
  createAccount: 'Create account',
  creating: 'Making your keys',
  creatingText: 'This takes a moment, and happens on this device only.',
  strength: {
    none: 'Four or five words that do not belong together are strong and easy to remember.',
    short: (more: number) => `Too short: ${more} more ${more === 1 ? 'character' : 'characters'}.`,
    weak: 'Easy to guess. Add a few more words.',
    fair: 'Fair. One more word would make it strong.',
    strong: 'Strong.',
  },

  wordsTitle: 'Your recovery key',
  wordsText:
    'Write these twelve words down in order and keep them somewhere safe: a later version restores your account with them. This version cannot do that yet, so for now the account lives in this browser alone.',
  wordsList: 'Recovery key, twelve words',
  copyWords: 'Copy',
  printWords: 'Print',
  saveWords: 'Save',
  wordsFile: 'sottovoce-recovery-key.txt',
  wordsFileText: (username: string, host: string, words: string) =>
    `Recovery key of ${username} at ${host}\n\n${words}\n\nWhoever has these words has the account. Keep them offline.\n`,
  wroteDown: 'I wrote them down',
  later: 'Do this later',
  confirmTitle: 'Check what you wrote down',
  confirmText: 'Enter the twelve words in order. After this, the device forgets them and only your copy remains.',
  wordNumber: (number: number) => `Word ${number}`,
  wordMissing: (number: number) => `Word ${number} is still missing.`,
  confirm: 'Confirm',
  showAgain: 'Show the words again',
  confirmed: 'Recovery key confirmed.',
  alreadyConfirmed: 'You confirmed your recovery key; this device no longer has it. You can check that your copy still reads right.',
  checkCopy: 'Check my copy',
  copyIsRight: 'These are the right words. Your copy is good.',
  reminder: 'Write down your recovery key',
  reminderText: 'A later version restores your account with it.',

  unlockTitle: 'Welcome back',
  unlockText: 'Enter your passphrase to open Sottovoce on this device.',
  unlock: 'Unlock',
  unlocking: 'Opening',
  wipedTitle: 'Your browser cleared this device',
  wipedText:
    'The messages and keys that were stored here are gone, most likely because site data was deleted or space was short. They were sealed under your passphrase.',
  wipedRestore:
    'This version cannot restore an account yet. If you wrote your twelve words down, keep them: a later version restores it with them.',
  startOver: 'Start anew with an invite',
  elsewhereTitle: 'Open in another tab',
  elsewhereText: 'Sottovoce runs in one tab at a time, so that nothing is received twice. Go on there, or move it here.',
  takeOver: 'Use it here',
  stoppedTitle: 'Sottovoce has stopped',
  stoppedText:
    'The part that encrypts and stores your messages ended by itself; perhaps this device is short of memory. What was written is kept. Load the page again to go on.',
  unsupportedTitle: 'This browser cannot run Sottovoce',
  unsupportedText:
    'It lacks something needed to encrypt and store messages. A current Firefox, Chrome, Edge or Safari has it; private windows may not.',
  insecureTitle: 'This address is not secure',
  insecureText: (host: string) =>
    `Browsers allow encryption only over https or on this computer itself. Ask whoever runs ${host} to serve it over https, or open it as http://localhost on the machine it runs on.`,
  damagedTitle: 'This device cannot be opened',
  reload: 'Reload',
} as const;
