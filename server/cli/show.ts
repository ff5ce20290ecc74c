/** How numbers, times and rows are shown to people; with --json they stay as they are. */
import { wrapped } from '../config/wrapped.ts';

// Escape sequences of terminals begin with one of these, and some turn the line around.
const UNSEEN = /[\p{Cc}\u202a-\u202e\u2066-\u2069]/gu;

/** What somebody typed, or a file is called, must not move the cursor. Written so that JSON stays JSON. */
export function printable(text: string, kept = ''): string {
  return text.replace(UNSEEN, (unseen) => (kept.includes(unseen) ? unseen : `\\u${unseen.charCodeAt(0).toString(16).padStart(4, '0')}`));
}

/** As wide as a terminal that nobody has made wider. */
export const LINE_WIDTH = 80;

export function table(head: readonly string[], rows: readonly (readonly (string | number)[])[]): string {
  const all = [head, ...rows].map((row) => row.map(String));
  const widths = head.map((_, column) => Math.max(...all.map((row) => row[column]?.length ?? 0)));
  const numeric = head.map((_, column) => rows.length > 0 && rows.every((row) => typeof row[column] === 'number'));
  const line = (row: readonly string[]): string =>
    row
      .map((cell, column) => (numeric[column] ? cell.padStart(widths[column] ?? 0) : cell.padEnd(widths[column] ?? 0)))
      .join('  ')
      .trimEnd();
  return `${all.map(line).join('\n')}\n`;
}

/** Names with what is said of each beside them, in as many lines as that needs. */
export function columns(rows: readonly (readonly [string, string])[], indent = ''): string[] {
  const width = Math.max(...rows.map(([left]) => left.length));
  return rows.flatMap(([left, right]) => {
    const lines = wrapped(right, LINE_WIDTH - indent.length - width - 2);
    return lines.map((line, index) => `${indent}${(index === 0 ? left : '').padEnd(width)}  ${line}`);
  });
}

export function bytes(count: number): string {
  const units = ['B', 'KiB', 'MiB', 'GiB', 'TiB'];
  let unit = 0;
  let value = count;
  while (value >= 1_024 && unit < units.length - 1) {
    value /= 1_024;
    unit += 1;
  }
  return `${unit === 0 ? value : value.toFixed(1)} ${units[unit]}`;
}

/** What is on disk is no finer. */
export function hour(at: number): string {
  return `${new Date(at).toISOString().slice(0, 13).replace('T', ' ')}:00 UTC`;
}

const BAR_WIDTH = 30;

/** A bar on one line of standard error, drawn over itself; nothing when nobody looks. */
export function progressBar(watched: boolean, err: (text: string) => void, what: string) {
  let shown = '';
  return {
    show(done: number, total: number): void {
      const part = total === 0 ? 1 : done / total;
      const text = `\r${what} [${'#'.repeat(Math.round(part * BAR_WIDTH)).padEnd(BAR_WIDTH, '.')}] ${Math.floor(part * 100)} %`;
      if (!watched || text === shown) return;
      shown = text;
      err(text);
    },
    end(): void {
      if (shown !== '') err(`\r${' '.repeat(shown.length)}\r`);
    },
  };
}
