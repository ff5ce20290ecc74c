import { RELAY_VERSION } from '../version.ts';
import { wrapped } from '../config/wrapped.ts';
import { type Command, optionsOf } from './command.ts';
import { columns, LINE_WIDTH } from './show.ts';

const INDENT = '  ';

export function overview(commands: readonly Command[]): string {
  return [
    ...wrapped(
      `Sottovoce ${RELAY_VERSION}: a relay for private chat. It keeps envelopes until they are fetched and can read none of them.`,
      LINE_WIDTH,
    ),
    '',
    'Usage: sottovoce COMMAND [options]',
    '',
    ...columns(
      commands.map(({ name, summary }) => [name, summary]),
      INDENT,
    ),
    '',
    ...wrapped(
      'Begin with "sottovoce serve": it needs no settings and prints an address with an invite for the first account.',
      LINE_WIDTH,
    ),
    ...wrapped(
      '"sottovoce COMMAND --help" says more. Answers come as JSON with --json. Exit codes: 0 done, 1 not done or something is wrong, 2 not understood.',
      LINE_WIDTH,
    ),
    '',
  ].join('\n');
}

export function helpOf(command: Command): string {
  const options = Object.entries(optionsOf(command)).map(
    ([name, { value, about }]) => [value === undefined ? `--${name}` : `--${name} ${value}`, about] as const,
  );
  return [
    `${command.summary}`,
    '',
    `Usage: ${['sottovoce', command.name, ...(command.positionals ?? []), '[options]'].join(' ')}`,
    '',
    ...wrapped(command.about, LINE_WIDTH),
    '',
    ...columns(options, INDENT),
    '',
    command.examples.length > 1 ? 'Examples:' : 'Example:',
    ...command.examples.map((example) => `${INDENT}${example}`),
    '',
  ].join('\n');
}
