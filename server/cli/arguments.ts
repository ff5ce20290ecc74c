import * as v from 'valibot';
import { accountNameSchema } from '../admin/acts.ts';
import { deviceIdSchema } from '../protocol/ids.ts';
import { CommandMistake, type Input } from './command.ts';

export function numberOption({ values }: Input, name: string, min: number, max: number, fallback: number): number {
  const text = values[name];
  if (typeof text !== 'string') return fallback;
  if (/^\d{1,9}$/.test(text) && Number(text) >= min && Number(text) <= max) return Number(text);
  throw new CommandMistake(`--${name} must be a whole number from ${min} to ${max}, and it is "${text}".`, 2);
}

export function accountArgument({ positionals }: Input): string {
  const text = positionals[0] ?? '';
  if (v.is(accountNameSchema, text)) return text;
  throw new CommandMistake(`"${text}" is neither a username (small letters, digits and _) nor an account id.`, 2);
}

export function deviceArgument({ positionals }: Input): number {
  const device = Number(positionals[1]);
  if (v.is(deviceIdSchema, device)) return device;
  throw new CommandMistake(`"${positionals[1]}" is no device number. "sottovoce device list NAME" shows them.`, 2);
}

/** For what cannot be undone: the word is typed once more, or --yes stands in the command. */
export async function confirm({ values, ask }: Input, warning: string, word: string): Promise<void> {
  if (values['yes'] === true) return;
  if (!ask) throw new CommandMistake(`This cannot be undone. Add --yes if it is meant.`, 2);
  if ((await ask(`${warning}\nType "${word}" to go on: `)) !== word) throw new CommandMistake('Nothing was changed.');
}
