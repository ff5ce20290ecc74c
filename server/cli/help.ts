import { RELAY_VERSION } from '../version.ts';
import { WHERE_SETTINGS_ARE } from '../config/config.ts';
import { wrapped } from '../config/wrapped.ts';
import { type Command, optionsOf } from './command.ts';
import { columns, LINE_WIDTH } from './show.ts';

const INDENT = '  ';

/** A help for people, and as an answer with --json. */
export type Shown = { text: string; told: object };

const list = (commands: readonly Command[]): string[] =>
  columns(
    commands.map(({ name, summary }) => [name, summary]),
    INDENT,
  );

const told = (commands: readonly Command[]) => ({ commands: commands.map(({ name, summary }) => ({ name, summary })) });

const paragraph = (text: string): string[] => wrapped(text, LINE_WIDTH);

const WHERE = paragraph(`${WHERE_SETTINGS_ARE} "sottovoce config print" shows all, with the file.`);

export function overview(commands: readonly Command[]): Shown {
  const text = [
    ...paragraph(
      `Sottovoce ${RELAY_VERSION}: a relay for private chat. It keeps envelopes until they are fetched and can read none of them.`,
    ),
    '',
    'Usage: sottovoce COMMAND [options]',
    '',
    ...list(commands),
    '',
    ...paragraph('Begin with "sottovoce serve": it needs no settings and prints an address with an invite for the first account.'),
    ...paragraph(
      '"sottovoce COMMAND --help" says more. Answers come as JSON with --json. Exit codes: 0 done, 1 not done or something is wrong, 2 not understood.',
    ),
    ...WHERE,
    '',
  ].join('\n');
  return { text, told: told(commands) };
}

/** Of the commands that begin with one word. */
export function familyHelp(word: string, commands: readonly Command[]): Shown {
  const text = [
    `Usage: sottovoce ${word} COMMAND [options]`,
    '',
    ...list(commands),
    '',
    ...paragraph(`"sottovoce ${commands[0]?.name} --help" says more, and so on.`),
    ...(word === 'config' ? WHERE : []),
    '',
  ].join('\n');
  return { text, told: told(commands) };
}

export function helpOf(command: Command): Shown {
  const { name, summary, about, examples } = command;
  const options = Object.entries(optionsOf(command)).map(
    ([long, { value, short, about: what }]) =>
      [`${short === undefined ? '' : `-${short}, `}--${long}${value === undefined ? '' : ` ${value}`}`, what] as const,
  );
  const usage = ['sottovoce', name, ...(command.positionals ?? []), '[options]'].join(' ');
  const text = [
    summary,
    '',
    `Usage: ${usage}`,
    '',
    ...paragraph(about),
    '',
    ...columns(options, INDENT),
    '',
    examples.length > 1 ? 'Examples:' : 'Example:',
    ...examples.map((example) => `${INDENT}${example}`),
    '',
  ].join('\n');
  return { text, told: { name, summary, about, usage, options: Object.fromEntries(options), examples } };
}
