/** What the runner prints: a progress line on stderr, a table, and why something failed. */
import type { Failure } from './suite.ts';

export type Row = { file: string; source: string; cases: number; passed: number; digest: string; remark: string };

/** A case that failed in some engine, or a file whose cases may not count. */
export type Failed = { file: string; what: string; where: string } & Partial<Pick<Failure, 'tcId' | 'comment'>>;

const DIGEST_SHOWN = 16;
const NONE = '–';

export function table(rows: readonly Row[]): string {
  const lines = [
    ['file', 'source', 'cases', 'passed', `SHA-256, first ${DIGEST_SHOWN}`, ''],
    ...rows.map(({ file, source, cases, passed, digest, remark }) => [
      file,
      source,
      cases === 0 ? NONE : String(cases),
      cases === 0 ? NONE : String(passed),
      digest.slice(0, DIGEST_SHOWN) || NONE,
      remark,
    ]),
  ];
  const width = (column: number): number => Math.max(...lines.map((cells) => cells[column]?.length ?? 0));
  const isNumber = (column: number): boolean => column === 2 || column === 3;
  const widths = [0, 1, 2, 3, 4, 5].map(width);
  const pad = (cell: string, column: number): string =>
    isNumber(column) ? cell.padStart(widths[column] ?? 0) : cell.padEnd(widths[column] ?? 0);
  return lines.map((cells) => cells.map(pad).join('  ').trimEnd()).join('\n');
}

export const failureLine = ({ file, tcId, comment, what, where }: Failed): string =>
  `FAILED  ${file}${tcId === undefined ? '' : `, tcId ${tcId}, "${comment}"`}: ${what}${where === '' ? '' : ` (${where})`}`;

/** On a terminal one line that is written over; elsewhere a line for each thing that begins. */
export function progress(text: string): void {
  if (process.stderr.isTTY) process.stderr.write(`\r\u001b[K${text}`);
  else if (text !== '') process.stderr.write(`${text}\n`);
}
