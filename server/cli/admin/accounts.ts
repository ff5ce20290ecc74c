import type { Act } from '../../admin/acts.ts';
import { accountArgument, confirm } from '../arguments.ts';
import type { Command } from '../command.ts';
import { perform } from '../reach.ts';
import { bytes, table } from '../show.ts';

const accountList: Command = {
  name: 'account list',
  summary: 'List the accounts.',
  about:
    'Each with its role, how many devices may log in, and how much waits for it. There is no "last seen" and no date: the relay keeps none. NAME in other commands is a username from here, or the account id that --json shows.',
  examples: ['sottovoce account list', 'sottovoce account list --json'],
  async run(input) {
    const { accounts } = await perform(input, 'account/list', {});
    if (input.json) input.out(`${JSON.stringify({ accounts })}\n`);
    else if (accounts.length === 0) input.out('There is no account yet. The invite that "sottovoce serve" prints makes the first.\n');
    else {
      const rows = accounts.map((one) => [
        one.username,
        one.role,
        one.devices,
        one.envelopes,
        bytes(one.bytes),
        one.disabled ? 'disabled' : '',
      ]);
      input.out(table(['username', 'role', 'devices', 'waiting', 'size', ''], rows));
    }
    return 0;
  },
};

/** Nothing is refused for it: whoever runs the relay stands above its admins. */
function noAdmin({ adminsLeft }: { adminsLeft: number }): string {
  if (adminsLeft > 0) return '';
  return 'No admin is left who can log in. "sottovoce account promote NAME" makes an account one, "sottovoce invite create --admin" a new one.\n';
}

type Switch = Extract<Act, 'account/disable' | 'account/enable' | 'account/promote' | 'account/demote'>;
type Words = Pick<Command, 'summary' | 'about'> & { done: string; already: string };

function change(act: Switch, { summary, about, done, already }: Words): Command {
  const name = act.replace('/', ' ');
  return {
    name,
    summary,
    about,
    positionals: ['NAME'],
    examples: [`sottovoce ${name} alice`],
    async run(input) {
      const answer = await perform(input, act, { account: accountArgument(input) });
      const sentence = `${answer.username} ${answer.changed ? done : already}.`;
      input.out(input.json ? `${JSON.stringify(answer)}\n` : `${sentence}\n${noAdmin(answer)}`);
      return 0;
    },
  };
}

const accountDelete: Command = {
  name: 'account delete',
  summary: 'Erase an account and all that waits for it.',
  about:
    'Erases its devices, mailboxes, prekeys, public records and open invites, and closes its connections. It cannot be undone. Neither its name nor its account id can be registered again: people who knew the old account by that name must not meet a stranger under it. What the account wrote is with those it wrote to; groups stay as they are, as the relay does not know who is in them.',
  positionals: ['NAME'],
  options: { yes: { type: 'boolean', about: 'Do not ask.' } },
  examples: ['sottovoce account delete alice', 'sottovoce account delete alice --yes'],
  async run(input) {
    const account = accountArgument(input);
    // Refused before anything is asked, when there is none.
    await perform(input, 'device/list', { account });
    await confirm(input, `This erases ${account} for good, and the name is never given out again.`, account);
    const done = await perform(input, 'account/delete', { account });
    input.out(
      input.json
        ? `${JSON.stringify(done)}\n`
        : `${done.username} is erased, with ${done.devices === 1 ? 'one device' : `${done.devices} devices`}.\n${noAdmin(done)}`,
    );
    return 0;
  },
};

export const ACCOUNT_COMMANDS: readonly Command[] = [
  accountList,
  change('account/disable', {
    summary: 'Shut an account out, until it is enabled again.',
    about:
      'Its devices cannot log in, tokens count no more, open connections are closed and its open invites are withdrawn. What others send it is kept as for anybody who is offline, within the usual bounds and for thirty days: nobody else can tell, and nothing is lost if it was a mistake. In groups it stays a member, with what it already has; only their admins can remove it, since the relay does not know who is in a group.',
    done: 'is disabled',
    already: 'was disabled already',
  }),
  change('account/enable', {
    summary: 'Let a disabled account in again.',
    about:
      'Its devices log in again by themselves, within a quarter of an hour where they are running, or at once when the page is reloaded, and fetch what waited.',
    done: 'is enabled',
    already: 'was not disabled',
  }),
  accountDelete,
  change('account/promote', {
    summary: 'Make an account an admin.',
    about: 'Admins invite with more uses and see and close every invite. They can read nothing of what others write, like everybody.',
    done: 'is an admin',
    already: 'was an admin already',
  }),
  change('account/demote', {
    summary: 'Make an admin a member.',
    about:
      'Invites it made stay open; "invite list" and "invite revoke" close them. The command line needs no admin, so the last one may go too; the command then says how to make another.',
    done: 'is a member',
    already: 'was a member already',
  }),
];
