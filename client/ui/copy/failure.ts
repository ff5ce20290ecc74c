import type { FailureCode } from '../../messenger/api.ts';

/** One sentence for what happened, one for what to do. */
const SENTENCES: Record<FailureCode, string> = {
  offline: 'The relay cannot be reached. Check your connection and try again.',
  'shut-out': 'The relay does not let this device in at present. Ask whoever runs it.',
  'wrong-passphrase': 'That passphrase does not open this device. Check it and try again.',
  'passphrase-too-short': 'That passphrase is too short. Add a few more words.',
  'bad-invite': 'This invite is used up, expired or not complete. Ask for a new one.',
  'username-taken': 'Someone here has that name already. Choose another.',
  'bad-username': 'A name has 3 to 32 small letters, digits or underscores, and begins with a letter.',
  'no-such-account': 'Nobody here has that name. Check how it is written.',
  'bad-link': 'This is not a contact link of this relay. Ask for it again.',
  'contact-changed':
    'The relay answered with a different person than this link or name stands for. Nothing was opened; ask for a fresh link.',
  'identity-changed': 'This person’s identity has changed. Decide about it above before you write.',
  'not-allowed': 'The rules of this group do not allow that.',
  'not-a-member': 'You are not a member of this group.',
  'too-large': 'That is too long. Split it into several messages.',
  'group-full': 'This group is full.',
  'rate-limited': 'That was too often in a short time. Wait a moment and try again.',
  'mailbox-full': 'Their mailbox is full. It will be possible again once they have been online.',
  'not-delivered': 'No device of theirs confirmed this within 30 days, and the relay does not keep it longer.',
  'wrong-words': 'These words do not belong to this account. Compare each one with what you wrote down.',
  'owned-elsewhere': 'Sottovoce is open in another tab.',
  locked: 'Sottovoce is locked. Unlock it first.',
  wiped: 'Your browser cleared this device.',
  damaged: 'What is stored on this device cannot be opened. It may have been changed or damaged.',
  unsupported: 'This browser lacks something Sottovoce needs. A current Firefox, Chrome or Safari has it.',
  refused: 'The relay refused that.',
  broken: 'Something went wrong on our side. Nothing was changed; try again.',
};

/** The code of whatever was thrown: errors lose their class on the way from the worker. */
export function failureCode(error: unknown): FailureCode {
  const code = (error as { code?: unknown } | null)?.code;
  return typeof code === 'string' && Object.hasOwn(SENTENCES, code) ? (code as FailureCode) : 'broken';
}

export const failureSentence = (error: unknown): string => SENTENCES[failureCode(error)];
export const sentenceOf = (code: FailureCode): string => SENTENCES[code];
