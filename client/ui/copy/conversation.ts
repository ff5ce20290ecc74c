import type { Contact, Conversation, Message, MessageStatus, SystemEvent } from '../../messenger/api.ts';
import { isolate } from '../identity-look.ts';
import { words } from './common.ts';

/** Words of the list and of the conversation. */
export const statusWords: Record<MessageStatus, string> = {
  pending: 'Waiting to be sent',
  sent: 'Sent',
  delivered: 'Delivered',
  read: 'Read',
  failed: 'Not delivered',
};

export const list = {
  label: 'Conversations',
  search: 'Search by name',
  start: 'New conversation',
  find: 'Find by name',
  pasteLink: 'Open a contact link',
  newGroup: 'New group',
  invite: 'Invite someone',
  myLink: 'My contact link',
  menu: 'Menu',
  settings: 'Settings',
  shortcuts: 'Keyboard shortcuts',
  lock: 'Lock',
  requests: 'Message requests',
  draft: 'Draft:',
  typing: 'typing…',
  nothingFound: 'No conversation by that name.',
  emptyTitle: 'It is quiet here',
  emptyText: 'Share your contact link, and whoever opens it can write to you.',
  emptyInviteText: 'Invite somebody to this relay, or share your contact link with those who have an account here.',
  emptyAction: 'Share my link',
  nothingYet: 'No messages yet',
  unread: (count: number) => `${count} unread ${count === 1 ? 'message' : 'messages'}`,
};

export const pane = {
  welcomeTitle: 'Choose a conversation',
  welcomeText: 'Or press Ctrl+K to go anywhere.',
  details: 'Details',
  back: 'Back to conversations',
  members: (count: number) => (count === 1 ? '1 member' : `${count} members`),
  outside: 'You are not a member',
  noteText: 'Only you can read what you write here.',
  met: { link: 'Met by link', username: 'Met by name', group: 'Met in a group', stranger: 'Wrote to you first' } satisfies Record<
    Contact['metBy'],
    string
  >,
  verified: 'Verified',
  messages: 'Messages',
  unreadFrom: 'New messages',
  earlier: 'Loading earlier messages',
  toBottom: 'Go to the newest message',
  toBottomCount: (count: number) => `Go to the newest message, ${count} new`,
  emptyDirect: (name: string) => `This is the beginning of your conversation with ${isolate(name)}.`,
  emptyGroup: 'This is the beginning of the group.',
  emptySelf: 'Keep notes here. They stay on your own devices.',
  encrypted: 'Messages are end-to-end encrypted. The relay cannot read them.',
  failedToLoad: 'These messages could not be opened.',
  waiting: 'Waiting for this message',
  unknown: 'This message is of a kind this version does not know. Update to read it.',
  failed: 'Not sent.',
  more: 'More',
  copyText: 'Copy text',
  info: 'Message info',
  deleteForMe: 'Delete for me',
  deletedForMe: 'Message deleted on this device.',
  typing: (names: string[]) => {
    const [first = '', second] = names;
    if (names.length === 1) return `${isolate(first)} is typing`;
    return names.length === 2 && second ? `${isolate(first)} and ${isolate(second)} are typing` : 'Several people are typing';
  },
};

export const composer = {
  label: (title: string) => `Message to ${isolate(title)}`,
  placeholder: 'Message',
  send: 'Send',
  tooLong: (over: number) => `${over} ${over === 1 ? 'character' : 'characters'} too long. Split it into several messages.`,
};

export const bars = {
  requestTitle: (name: string) => `${isolate(name)} wants to write to you`,
  requestText: 'They will not know that you have seen this until you accept.',
  requestGroup: 'Somebody you have not accepted added you to this group.',
  accept: 'Accept',
  block: 'Block',
  unblock: 'Unblock',
  remove: 'Delete',
  blocked: 'You blocked this contact. What they write to you does not arrive, and they are not told.',
  left: 'You left this group. Your copy of its messages stays.',
  removed: 'You were removed from this group. You cannot read what is written there now.',
  changed: (name: string) => `The identity of ${isolate(name)} has changed`,
  changedText:
    'This happens when somebody sets up anew, and also when a relay tries to stand in between. Ask them by another way, or compare safety numbers, before you go on.',
  renewedText: 'They confirmed it with their recovery key.',
  compare: 'Compare safety number',
  goOn: 'Go on with the new identity',
};

export const connection = {
  offline: 'No connection to the relay. What you write is sent as soon as it is back.',
  shutOut:
    'The relay does not let this device in. The device or its account may have been removed or disabled there: ask whoever runs it. Your messages stay readable here, and what you write waits.',
};

const many = (names: string[]): string =>
  names
    .map(isolate)
    .join(', ')
    .replace(/, ([^,]*)$/, ' and $1');

/** What happened, in one sentence. `name` writes "You" for oneself. */
export function eventSentence(event: SystemEvent, name: (accountId: string) => string): string {
  const who = (id: string): string => isolate(name(id));
  const inside = (id: string): string => (name(id) === words.you ? words.youInside : name(id));
  const whom = (id: string): string => isolate(inside(id));
  switch (event.event) {
    case 'group-created':
      return `${who(event.by)} created the group “${isolate(event.name)}”.`;
    case 'member-added':
      return `${who(event.by)} added ${many(event.who.map(inside))}.`;
    case 'member-removed':
      return `${who(event.by)} removed ${whom(event.who)}.`;
    case 'member-left':
      return `${who(event.who)} left the group.`;
    case 'role-changed':
      return `${who(event.by)} made ${whom(event.who)} ${{ admin: 'an admin', moderator: 'a moderator', member: 'a member' }[event.role]}.`;
    case 'group-renamed':
      return `${who(event.by)} renamed the group to “${isolate(event.name)}”.`;
    case 'group-moved': {
      const gone =
        event.who.length === 0 ? '' : ` ${many(event.who.map(inside))} ${event.who.length === 1 ? 'is' : 'are'} no longer in it.`;
      return `${who(event.by)} moved the group because somebody blocked it.${gone}`;
    }
    case 'identity-renewed':
      return `${who(event.who)} renewed their identity and confirmed it with their recovery key.`;
    case 'identity-changed':
      return `The relay shows another identity for ${who(event.who)}. Compare safety numbers before you trust it.`;
    case 'verified':
      return `You compared safety numbers with ${who(event.who)}: they match.`;
    case 'device-added':
      return `${who(event.who)} added a device.`;
    case 'gap':
      return event.count === 1
        ? `A message from ${who(event.from)} has not arrived.`
        : `${event.count} messages from ${who(event.from)} have not arrived.`;
    case 'group-behind':
      return `${who(event.who)} speaks of changes to this group that the relay does not show. What you write waits until it shows them, or until ${who(event.who)} is no longer a member.`;
    case 'relay-misbehaved':
      return {
        'group-log': 'The relay showed two different histories of this group. Nothing of the wrong one was taken over.',
        'device-list': 'The relay showed a list of devices that does not fit the signed one. It was refused.',
        'first-contact': 'The relay answered with a different person than expected. It was refused.',
      }[event.what];
  }
}

/** One line for the list. */
export function lastLine(last: NonNullable<Conversation['last']>, kind: Conversation['kind'], name: (accountId: string) => string): string {
  if (last.system) return eventSentence(last.system, name);
  if (last.mine && kind !== 'self') return `${name(last.from)}: ${last.text}`;
  return kind === 'group' ? `${isolate(name(last.from))}: ${last.text}` : last.text;
}

/** What a screen reader says of a bubble. */
export function bubbleLabel(message: Message, sender: string, time: string): string {
  return message.mine ? `${sender}, ${time}, ${statusWords[message.status]}` : `${sender}, ${time}`;
}
