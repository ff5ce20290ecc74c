/** The lines of a configuration file. What is not understood is never passed over: the relay would run with another setting than was meant. */
import { parseEnv } from 'node:util';

const NOTHING = /^\s*(?:#|$)/;
const ASSIGNMENT = /^\s*(?:export\s+)?([A-Za-z_]\w*)\s*=/;
/** A value may stand in quotes; it never goes on in the next line. */
const OPEN_QUOTE = /^["'`]/;
const SETTING = /^\s*(?:export\s+)?(SOTTOVOCE_\w+)/;

export type Line = { name: string; value: string; number: number };

/** A line that is no setting may be a secret that was pasted, so none is quoted but for a name of ours. */
function misread(line: string, number: number): string {
  const name = SETTING.exec(line)?.[1];
  return `Line ${number} is no setting: write ${name ?? 'NAME'}=VALUE${name === undefined ? ', or # before a remark' : ''}.`;
}

export function readLines(bytes: Uint8Array): { lines: Line[]; mistakes: string[] } {
  let text: string;
  try {
    // Takes away the mark that some editors put at the beginning (BOM).
    text = new TextDecoder('utf-8', { fatal: true }).decode(bytes);
  } catch {
    return { lines: [], mistakes: ['It is no text in UTF-8.'] };
  }
  if (text.includes('\0')) return { lines: [], mistakes: ['It is no text.'] };
  const lines = new Map<string, Line>();
  const mistakes: string[] = [];
  for (const [index, line] of text.split(/\r\n|\n|\r/).entries()) {
    const number = index + 1;
    if (NOTHING.test(line)) continue;
    const name = ASSIGNMENT.exec(line)?.[1];
    const value = name === undefined ? undefined : parseEnv(line)[name];
    const before = name === undefined ? undefined : lines.get(name);
    if (name === undefined || value === undefined) mistakes.push(misread(line, number));
    else if (OPEN_QUOTE.test(value)) mistakes.push(`Line ${number} opens a quote for ${name} and does not close it.`);
    else if (before !== undefined) mistakes.push(`Line ${number} sets ${name} once more, after line ${before.number}; keep one.`);
    else lines.set(name, { name, value, number });
  }
  return { lines: [...lines.values()], mistakes };
}
