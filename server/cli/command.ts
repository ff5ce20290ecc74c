import { type ParseArgsOptionsConfig, parseArgs } from 'node:util';
import { nearest } from '../config/nearest.ts';
import { nearestSetting } from '../config/settings.ts';

/** What a command may know of the world it is run in. */
export type Surroundings = {
  env: NodeJS.ProcessEnv;
  out(text: string): void;
  err(text: string): void;
  /** Somebody is looking: progress may be drawn on standard error. */
  watched: boolean;
  /** Asks the person at the terminal for a line; undefined when there is none. */
  ask: ((question: string) => Promise<string>) | undefined;
};

export type Option = {
  type: 'boolean' | 'string';
  about: string;
  /** What stands for its value in the help. */
  value?: string;
  /** One letter, typed after a single dash. */
  short?: string;
};
export type Values = Readonly<Record<string, string | boolean | undefined>>;

export type Command = {
  /** As typed after `sottovoce`: one or two words. */
  name: string;
  /** One line. */
  summary: string;
  /** What a person should know before using it: a few sentences. */
  about: string;
  /** Names of what stands after the command, in order; in brackets when it may be left out. */
  positionals?: readonly string[];
  options?: Readonly<Record<string, Option>>;
  examples: readonly string[];
  /** Answers the exit code: 0 done, 1 could not or found something wrong (and has said so). Throws a CommandMistake for a sentence. */
  run(input: Input): Promise<number>;
};

export type Input = { values: Values; positionals: readonly string[]; json: boolean; config: string | undefined } & Surroundings;

/** One sentence for the person who typed; `exitCode` 2 when the command was used wrongly. */
export class CommandMistake extends Error {
  readonly exitCode: number;
  constructor(sentence: string, exitCode = 1) {
    super(sentence);
    this.exitCode = exitCode;
  }
}

export const COMMON_OPTIONS = {
  config: { type: 'string', value: 'FILE', about: 'Read settings from this file.' },
  json: { type: 'boolean', about: 'Answer with one JSON object.' },
  help: { type: 'boolean', short: 'h', about: 'Show this.' },
} as const satisfies Record<string, Option>;

type Taking = Pick<Command, 'name' | 'positionals' | 'options'>;

export function optionsOf(command: Taking): Record<string, Option> {
  return { ...command.options, ...COMMON_OPTIONS };
}

/** Settings are no options, and are typed as if they were. */
function meant(typed: string, options: readonly string[]): string {
  const option = nearest(typed, options);
  if (option !== undefined) return ` Did you mean --${option}?`;
  const setting = nearestSetting(`SOTTOVOCE_${typed.toUpperCase().replaceAll('-', '_')}`);
  return setting === undefined ? '' : ` Did you mean the setting ${setting}, in the environment or the configuration file?`;
}

/** What Node's own parser refused: it names the option in quotes, and its sentences are three lines long. */
function refusal(told: string, options: Record<string, Option>): string {
  const dashed = /'(-[^' ]*)/.exec(told)?.[1] ?? '';
  const typed = dashed.replace(/^-+/, '');
  const option = Object.hasOwn(options, typed) ? options[typed] : undefined;
  if (!option) return `There is no option "${dashed}".${dashed.startsWith('--') ? meant(typed, Object.keys(options)) : ''}`;
  if (option.type === 'boolean') return `${dashed} takes no value.`;
  const value = option.value ?? 'VALUE';
  return `${dashed} needs ${value} after it${told.includes('ambiguous') ? `; one that begins with a dash is written ${dashed}=${value}` : ''}.`;
}

/** Throws a CommandMistake (2) for what the command does not take. */
export function parseInput(command: Taking, args: readonly string[]): Omit<Input, keyof Surroundings> & { help: boolean } {
  const taken = optionsOf(command);
  const options: ParseArgsOptionsConfig = Object.fromEntries(
    Object.entries(taken).map(([name, { type, short }]) => [name, short === undefined ? { type } : { type, short }]),
  );
  const hint = `See "${['sottovoce', command.name, '--help'].filter(Boolean).join(' ')}".`;
  let parsed: { values: Values; positionals: string[] };
  try {
    parsed = parseArgs({ args: [...args], options, allowPositionals: true, strict: true }) as typeof parsed;
  } catch (error) {
    throw new CommandMistake(`${refusal(error instanceof Error ? error.message : '', taken)} ${hint}`, 2);
  }
  const { values, positionals } = parsed;
  const wanted = command.positionals ?? [];
  const needed = wanted.filter((name) => !name.startsWith('['));
  if (positionals.length > wanted.length) throw new CommandMistake(`"${positionals[wanted.length]}" is more than it takes. ${hint}`, 2);
  const empty = wanted[positionals.indexOf('')]?.replace(/^\[|\]$/g, '');
  if (empty !== undefined) throw new CommandMistake(`${empty} is empty, as of a variable that is not set. ${hint}`, 2);
  const missing = needed[positionals.length];
  if (missing !== undefined && values['help'] !== true) throw new CommandMistake(`${missing} is missing. ${hint}`, 2);
  return {
    values,
    positionals,
    json: values['json'] === true,
    config: values['config'] as string | undefined,
    help: values['help'] === true,
  };
}
