import { RELAY_VERSION } from '../version.ts';
import { type Command, optionsOf } from './command.ts';

function columns(rows: readonly (readonly [string, string])[]): string[] {
  const width = Math.max(...rows.map(([left]) => left.length));
  return rows.map(([left, right]) => `  ${left.padEnd(width)}  ${right}`);
}

export function overview(commands: readonly Command[]): string {
  return [
    `Sottovoce ${RELAY_VERSION}: a relay for private chat. It keeps envelopes until they are fetched and can read none of them.`,
    '',
    'Usage: sottovoce COMMAND [options]',
    '',
    ...columns(commands.map(({ name, summary }) => [name, summary])),
    '',
    'Begin with "sottovoce serve": it needs no settings and prints an address with an invite for the first account.',
    '"sottovoce COMMAND --help" says more. Answers come as JSON with --json. Exit codes: 0 done, 1 not done or something is wrong, 2 not understood.',
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
    command.about,
    '',
    ...columns(options),
    '',
    command.examples.length > 1 ? 'Examples:' : 'Example:',
    ...command.examples.map((example) => `  ${example}`),
    '',
  ].join('\n');
}
