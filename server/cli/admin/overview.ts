import type { Command } from '../command.ts';
import { perform } from '../reach.ts';
import { bytes, columns, hour, table } from '../show.ts';

const stats: Command = {
  name: 'stats',
  summary: 'Say how much there is: accounts, devices, what waits, disk.',
  about:
    'Asks the running relay, or reads the data folder when none runs. An envelope to several devices waits once for each; its body is on disk once. The oldest is told by the hour, as nothing finer is kept.',
  examples: ['sottovoce stats', 'sottovoce stats --json'],
  async run(input) {
    const told = await perform(input, 'stats', {});
    if (input.json) {
      input.out(`${JSON.stringify(told)}\n`);
      return 0;
    }
    const rows: [string, string][] = [
      ['accounts', `${told.accounts}${told.disabled > 0 ? `, ${told.disabled} disabled` : ''}`],
      ['devices', String(told.devices)],
      ['connected now', told.sockets === null ? 'no relay is running' : String(told.sockets)],
      ['open invites', String(told.invites)],
      ['envelopes waiting', `${told.envelopes} (${bytes(told.bytes)}) in ${told.bodies} bodies`],
      ['oldest waiting', told.oldestAt === null ? 'nothing waits' : `since ${hour(told.oldestAt)}`],
      ['group logs', `${told.groupLogs} (${bytes(told.groupBytes)})`],
      ['on disk', `${bytes(told.diskBytes)}, ${bytes(told.freeBytes)} free`],
    ];
    input.out(table(['', ''], rows).trimStart());
    return 0;
  },
};

const log: Command = {
  name: 'log',
  summary: 'Show what was changed by commands and admins, and when.',
  about:
    'Every changing act of a command leaves one row, and every invite that an admin makes or revokes in the page: the hour, the act, and the id of the account, device or invite it was about. No names, no secrets, and not which admin. Invites of members leave none. Rows are kept for a year, at most ten thousand of them.',
  examples: ['sottovoce log', 'sottovoce log --json'],
  async run(input) {
    const { acts } = await perform(input, 'log', {});
    // Ids are too long to stand beside the rest, and must be whole to be typed again.
    const rows = acts.flatMap(({ at, act, target, by }): [string, string][] => [
      [hour(at), `${act}, by ${by}`],
      ...(target === null ? [] : [['', target] as [string, string]]),
    ]);
    const people = acts.length === 0 ? 'Nothing was changed by commands or admins yet.\n' : `${columns(rows).join('\n')}\n`;
    input.out(input.json ? `${JSON.stringify({ acts })}\n` : people);
    return 0;
  },
};

export const OVERVIEW_COMMANDS: readonly Command[] = [stats, log];
