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
import { familyHelp, helpOf, overview, type Shown } from './help.ts';
import { sentenceOf } from './sentence-of.ts';
import { serve } from './serve.ts';
import { printable } from './show.ts';
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

const VERSION_OPTIONS = ['--version', '-v', '-V'];

/** Options stand before the command as well as after it. */
function split(args: readonly string[]): { options: string[]; words: string[] } {
  let at = 0;
  while (args[at]?.startsWith('-')) at += args[at] === '--config' ? 2 : 1;
  return { options: args.slice(0, at), words: args.slice(at) };
}

/** For what is no command: the options that all take, and nothing else. */
const parseCommon = (name: string, args: readonly string[]) => parseInput({ name }, args);

function show({ out }: Surroundings, json: boolean, { text, told }: Shown): void {
  out(json ? `${JSON.stringify(told)}\n` : text);
}

async function dispatch(args: readonly string[], around: Surroundings): Promise<number> {
  const { options, words } = split(args);
  const version = options.filter((option) => VERSION_OPTIONS.includes(option));
  if (version.length > 0) return dispatch(['version', ...options.filter((option) => !version.includes(option)), ...words], around);
  const [first, ...others] = words;
  if (first === undefined) {
    const { help, json } = parseCommon('', options);
    show(around, json, overview(COMMANDS));
    return help ? 0 : 2;
  }
  if (first === 'help') return dispatch([...options, ...others, '--help'], around);
  const found = find(words);
  if (!found && family(first).length > 0 && others[0]?.startsWith('-')) {
    const { help, json } = parseCommon(first, [...options, ...others]);
    if (help) {
      show(around, json, familyHelp(first, family(first)));
      return 0;
    }
  }
  if (!found) throw unknown(words);
  const { help, ...input } = parseInput(found.command, [...options, ...found.rest]);
  if (help) {
    show(around, input.json, helpOf(found.command));
    return 0;
  }
  keepDriverIn(() => dataFolderOf(input.config, around));
  return found.command.run({ ...input, ...around });
}

/** Runs one command line; answers the exit code. Whatever goes wrong is said in one sentence: with --json on standard output, as an answer. */
export async function sottovoce(args: readonly string[], { out, err, ...around }: Surroundings): Promise<number> {
  const shown: Surroundings = { ...around, out: (text) => out(printable(text, '\n')), err: (text) => err(printable(text, '\r\n')) };
  try {
    return await dispatch(args, shown);
  } catch (error) {
    const mistake = error instanceof CommandMistake || error instanceof ConfigMistake;
    const sentence = printable(mistake ? error.message : sentenceOf(error));
    if (args.includes('--json')) shown.out(`${JSON.stringify({ error: sentence })}\n`);
    else shown.err(`${sentence}\n`);
    return error instanceof CommandMistake ? error.exitCode : 1;
  }
}
