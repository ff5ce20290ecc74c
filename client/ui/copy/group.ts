import type { Role } from '../../messenger/api.ts';
import { isolate } from '../identity-look.ts';

export const roles: Record<Role, string> = { admin: 'Admin', moderator: 'Moderator', member: 'Member' };

export const group = {
  newTitle: 'New group',
  newText: 'The relay never learns the name of a group or who is in it.',
  name: 'Group name',
  people: 'People',
  filter: 'Filter by name',
  noPeople: 'You have no contacts yet. Write with somebody first; then you can form groups.',
  nobodyLeft: 'Everyone you know is in this group already.',
  noMatch: 'Nobody by that name.',
  create: 'Create group',
  creating: 'Creating the group',
  nameMissing: 'Give the group a name.',
  addTitle: 'Add members',
  addText: 'New members read what is written from now on.',
  add: 'Add members',
  adding: 'Adding',
  members: 'Members',
  rename: 'Rename group',
  memberMenu: (name: string) => `More about ${isolate(name)}`,
  writeTo: 'Write a message',
  make: (role: Role) => ({ admin: 'Make admin', moderator: 'Make moderator', member: 'Make ordinary member' })[role],
  remove: 'Remove from group',
  removeTitle: (name: string) => `Remove ${isolate(name)}?`,
  removeText: 'They read nothing that is written afterwards. What they have already stays with them.',
  removeAct: 'Remove',
  leave: 'Leave group',
  leaveTitle: 'Leave this group?',
  leaveText: 'You read nothing that is written afterwards. Others see that you left.',
  nameAdminTitle: 'Name another admin first',
  nameAdminText: 'You are the only admin. Choose who looks after the group when you are gone.',
  nameAdmin: 'Make admin and leave',
} as const;
