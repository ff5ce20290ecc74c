import * as v from 'valibot';
import { INVITE_ID_BYTES } from '../../relay/invite-id.ts';
import { base64urlBytes } from '../../protocol/ids.ts';
import { DEFAULT_INVITE_DAYS, MAX_INVITE_DAYS, MAX_INVITE_USES } from '../../protocol/limits.ts';
import { numberOption } from '../arguments.ts';
import { type Command, CommandMistake } from '../command.ts';
import { perform } from '../reach.ts';
import { hour, table } from '../show.ts';

const inviteCreate: Command = {
  name: 'invite create',
  summary: 'Make an invite and print its link.',
  about:
    'Whoever opens the link first makes an account. The link is shown this once: the relay keeps a digest of it, from which it cannot be made again. With --admin the account becomes an admin, which also helps when every admin has lost access.',
  options: {
    uses: { type: 'string', value: 'N', about: `How many accounts may be made with it (1 to ${MAX_INVITE_USES}; 1).` },
    days: { type: 'string', value: 'N', about: `After how many days it ends (1 to ${MAX_INVITE_DAYS}; ${DEFAULT_INVITE_DAYS}).` },
    admin: { type: 'boolean', about: 'Make the accounts admins.' },
  },
  examples: ['sottovoce invite create', 'sottovoce invite create --uses 20 --days 3', 'sottovoce invite create --admin'],
  async run(input) {
    const uses = numberOption(input, 'uses', 1, MAX_INVITE_USES, 1);
    const days = numberOption(input, 'days', 1, MAX_INVITE_DAYS, DEFAULT_INVITE_DAYS);
    const made = await perform(input, 'invite/create', { uses, days, admin: input.values['admin'] === true });
    if (!input.json)
      input.err(`For ${uses} ${uses === 1 ? 'account' : 'accounts'}${made.admin ? ' (admin)' : ''}, until ${hour(made.expiresAt)}:\n`);
    input.out(input.json ? `${JSON.stringify(made)}\n` : `${made.link}\n`);
    return 0;
  },
};

const inviteList: Command = {
  name: 'invite list',
  summary: 'List the invites that are open.',
  about:
    'Shows the id of each, which "invite revoke" takes. Neither the link nor who made it can be shown: the relay does not know the one and does not tell the other.',
  examples: ['sottovoce invite list'],
  async run(input) {
    const { invites } = await perform(input, 'invite/list', {});
    if (input.json) input.out(`${JSON.stringify({ invites })}\n`);
    else if (invites.length === 0) input.out('No invite is open. "sottovoce invite create" makes one.\n');
    else {
      const rows = invites.map(({ id, usesLeft, expiresAt, makesAdmin, first }) => [
        id,
        usesLeft,
        expiresAt === null ? 'with the first account' : hour(expiresAt),
        first ? 'the first account' : makesAdmin ? 'admins' : 'members',
      ]);
      input.out(table(['id', 'uses left', 'ends', 'makes'], rows));
    }
    return 0;
  },
};

const inviteRevoke: Command = {
  name: 'invite revoke',
  summary: 'Close an invite.',
  about: 'From then on its link opens nothing. Accounts made with it stay; the relay does not know which they are.',
  positionals: ['ID'],
  examples: ['sottovoce invite revoke 2Jx0bqLm7RkA'],
  async run(input) {
    const id = input.positionals[0] ?? '';
    if (!v.is(base64urlBytes(INVITE_ID_BYTES), id))
      throw new CommandMistake(`"${id}" is no id of an invite. "sottovoce invite list" shows them.`, 2);
    const done = await perform(input, 'invite/revoke', { id });
    input.out(input.json ? `${JSON.stringify(done)}\n` : 'The invite is closed.\n');
    return 0;
  },
};

export const INVITE_COMMANDS: readonly Command[] = [inviteCreate, inviteList, inviteRevoke];
