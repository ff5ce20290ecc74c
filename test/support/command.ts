import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';

const PROJECT = join(import.meta.dirname, '..', '..');

/** For `by`: without root's right to read what is closed to all others (util-linux). */
export const PLAIN = process.getuid?.() === 0 ? ['setpriv', '--inh-caps=-all', '--bounding-set=-dac_override,-dac_read_search'] : [];

export type Told = { code: number | null; said: string; complained: string };
export type Typed = {
  /** What the command is run by, such as a program that takes rights away; nothing by default. */
  by?: readonly string[];
  dataDir: string;
  env?: Record<string, string>;
  port?: number;
};

/** The command as people type it, in a process of its own, with nobody at a terminal. */
export async function typeCommand(args: readonly string[], { dataDir, env, port, by = [] }: Typed): Promise<Told> {
  const [program = '', ...rest] = [...by, process.execPath, join(PROJECT, 'server/main.ts'), ...args];
  const child = spawn(program, rest, {
    env: { ...process.env, ...(port === undefined ? {} : { SOTTOVOCE_PORT: String(port) }), ...env, SOTTOVOCE_DATA: dataDir },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let [said, complained] = ['', ''];
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    said += text;
  });
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    complained += text;
  });
  const [code] = (await once(child, 'close')) as [number | null];
  return { code, said, complained };
}

/** Its JSON answer; an error with what it complained of when it did not end with `code`. */
export async function answerOf(args: readonly string[], typed: Typed, code = 0): Promise<Record<string, unknown>> {
  const told = await typeCommand([...args, '--json'], typed);
  if (told.code !== code) throw new Error(`${args.join(' ')} ended with ${told.code}: ${told.complained}${told.said}`);
  return JSON.parse(told.said) as Record<string, unknown>;
}
