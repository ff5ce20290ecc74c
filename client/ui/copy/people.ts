import type { Contact } from '../../messenger/api.ts';
import { isolate } from '../identity-look.ts';

/** Words of finding, inviting and knowing people. */
export const people = {
  findTitle: 'Find by name',
  findText: 'Enter the exact username. Nobody is told that you looked.',
  username: 'Username',
  find: 'Find',
  nobody: (name: string) => `Nobody here is called ${isolate(name)}. Check how it is written.`,
  itIsYou: 'That is you.',
  byRelaysWord: 'A name rests on the relay’s word. A contact link, or comparing safety numbers, settles who it is.',
  write: 'Write a message',
  pasteTitle: 'Open a contact link',
  pasteText: 'A contact link says for certain who is behind it: the relay cannot put somebody else there.',
  link: 'Contact link',
  open: 'Open',
  inviteTitle: 'Invite someone',
  inviteText: 'Whoever opens this link can make one account here, and has you as a contact from the start.',
  inviteLink: 'Invite link',
  inviteCode: 'QR code of the invite link',
  inviteValid: (date: string) => `For one person, until ${date}. You can take it back in the settings.`,
  myLinkTitle: 'My contact link',
  myLinkText: 'Send it or show it to people who have an account here. It leads to you and to nobody else.',
  myLink: 'My contact link',
  myLinkCode: 'QR code of your contact link',
  met: {
    link: 'Met by contact link: this is the person who made the link.',
    username: 'Met by name: this rests on the relay’s word until you compare safety numbers.',
    group: 'Met in a group.',
    stranger: 'Wrote to you first.',
  } satisfies Record<Contact['metBy'], string>,
  safetyNumber: 'Compare safety number',
  verified: 'Verified',
  verifiedText: 'You compared safety numbers and they match.',
  block: 'Block',
  blockTitle: (name: string) => `Block ${isolate(name)}?`,
  blockText: 'What they write to you does not arrive, and they are not told. In groups that you share you still read each other.',
  unblock: 'Unblock',
  deleteConversation: 'Delete conversation',
  deleteTitle: 'Delete this conversation?',
  deleteText: 'Its messages disappear from this device. The other side keeps theirs.',
  deleteGroupText: 'Its messages disappear from this device. The other members keep theirs.',
  leaveAndDelete: 'Leave and delete',
  leaveAndDeleteTitle: 'Leave and delete this group?',
  leaveAndDeleteText:
    'You read nothing that is written afterwards, and others see that you left. The messages disappear from this device; the other members keep theirs.',
  delete: 'Delete',
  noteText: 'A conversation with yourself. Only your own devices can read it.',
} as const;

export const safety = {
  title: 'Safety number',
  text: (name: string) =>
    `Compare this number with ${isolate(name)}, in person or by another way you trust. If both see the same, nobody stands in between.`,
  number: 'Safety number',
  code: 'QR code of the safety number',
  match: 'Numbers match',
  undo: 'Not verified after all',
  verified: (name: string) =>
    `You verified ${isolate(name)}. If their identity ever changes without their recovery key, sending stops until you decide.`,
  scan: 'Scan their code',
  scanning: 'Hold their code in front of the camera.',
  stop: 'Stop scanning',
  noCamera: 'The camera could not be used. Compare the digits instead.',
  mismatch: 'The codes do not match. Do not trust this conversation before you have found out why; ask for a fresh contact link.',
  notACode: 'That is not a safety number.',
} as const;

export const info = {
  title: 'Message info',
  sent: 'Written',
  received: 'Received',
  status: 'Status',
  deliveredTo: 'Delivered to',
  readBy: 'Read by',
  nobody: 'Nobody yet',
} as const;
