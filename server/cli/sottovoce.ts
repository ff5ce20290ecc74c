import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { readConfigFrom } from '../config/config.ts';
import { nearest } from '../config/nearest.ts';
import { ConfigMistake } from '../config/setting.ts';
import { DATABASE_FILE } from '../store/data-folder.ts';
import { keepDriverIn } from '../store/inner-addon.ts';
import { ACCOUNT_COMMANDS } from './admin/accounts.ts';
import { BACKUP_COMMANDS } from './admin/backups.ts';
import { DEVICE_COMMANDS } from './admin/devices.ts';
import { doctor } from './admin/doctor.ts';
import { INVITE_COMMANDS } from './admin/invites.ts';
import { migrateCommand } from './admin/migrate.ts';
import { OVERVIEW_COMMANDS } from './admin/overview.ts';
import { type Command, CommandMistake, parseInput, type Surroundings } from './command.ts';
import { configCheck } from './config-check.ts';
import { configPrint } from './config-print.ts';
import { helpOf, overview } from './help.ts';
import { serve } from './serve.ts';
import { version } from './version.ts';

/** In the order of the help: what is used first comes first. */
export const COMMANDS: readonly Command[] = [
  serve,
  ...INVITE_COMMANDS,
  ...ACCOUNT_COMMANDS,
  ...DEVICE_COMMANDS,
  ...OVERVIEW_COMMANDS,
  ...BACKUP_COMMANDS,
  migrateCommand,
  doctor,
  configCheck,
  configPrint,
  version,
];

/** The command of the first one or two words, and what follows it. */
function find(args: readonly string[]): { command: Command; rest: readonly string[] } | undefined {
  for (const words of [2, 1]) {
    const command = COMMANDS.find(({ name }) => name === args.slice(0, words).join(' '));
    if (command) return { command, rest: args.slice(words) };
  }
  return undefined;
}

/** All that begin with this word: "invite" is no command, and has several. */
function family(word: string | undefined): Command[] {
  return COMMANDS.filter(({ name }) => name.startsWith(`${word} `));
}

function unknown(args: readonly string[]): CommandMistake {
  const [first = '', second] = args;
  const names = COMMANDS.map(({ name }) => name);
  const typed = second === undefined || second.startsWith('-') ? first : `${first} ${second}`;
  const near =
    nearest(typed, names) ??
    nearest(
      first,
      names.map((name) => name.split(' ')[0] ?? ''),
    );
  const related = family(first)
    .map(({ name }) => `"${name}"`)
    .join(', ');
  if (typed === first && related !== '') return new CommandMistake(`"${first}" goes on with a second word: ${related}.`, 2);
  const todo =
    near !== undefined && near !== first
      ? `Did you mean "${near}"?`
      : related === ''
        ? '"sottovoce help" lists all.'
        : `There are ${related}.`;
  return new CommandMistake(`There is no command "${typed}". ${todo}`, 2);
}

/** Where a relay's data lies, if any does: other folders are left alone. */
function dataFolderOf(config: string | undefined, { env }: Surroundings): string | undefined {
  const { dataDir } = readConfigFrom(env, config).config;
  return existsSync(join(dataDir, DATABASE_FILE)) ? dataDir : undefined;
}

async function dispatch(args: readonly string[], around: Surroundings): Promise<number> {
  const first = args[0];
  if (first === undefined || first === '--help' || first === '-h' || (first === 'help' && args.length === 1)) {
    around.out(overview(COMMANDS));
    return first === undefined ? 2 : 0;
  }
  if (first === 'help') return dispatch([...args.slice(1), '--help'], around);
  if (first === '--version') return dispatch(['version', ...args.slice(1)], around);
  const found = find(args);
  if (!found && args[1] === '--help' && family(first).length > 0) {
    around.out(overview(family(first)));
    return 0;
  }
  if (!found) throw unknown(args);
  const { help, ...input } = parseInput(found.command, found.rest);
  if (help) {
    around.out(helpOf(found.command));
    return 0;
  }
  keepDriverIn(() => dataFolderOf(input.config, around));
  return found.command.run({ ...input, ...around });
}

/** Runs one command line; answers the exit code. Whatever goes wrong is said in one sentence. */
export async function sottovoce(args: readonly string[], around: Surroundings): Promise<number> {
  try {
    return await dispatch(args, around);
  } catch (error) {
    const mistake = error instanceof CommandMistake || error instanceof ConfigMistake;
    const said = error instanceof Error ? error.message : String(error);
    const sentence = mistake ? said : `It did not work: ${said}`;
    if (args.includes('--json')) around.out(`${JSON.stringify({ error: sentence })}\n`);
    around.err(`${sentence}\n`);
    return error instanceof CommandMistake ? error.exitCode : 1;
  }
}
