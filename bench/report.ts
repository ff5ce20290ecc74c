/** One measured figure: a flat JSON name, and what it is to reach (if anything) as a bound in one direction. */
export type Figure = { name: string; value: number; unit: string; atLeast?: number; atMost?: number };

/** A benchmark measures and returns its figures; it prints nothing but progress on standard error. */
export type Bench = (progress: (line: string) => void) => Promise<Figure[]>;

function verdict(figure: Figure): string {
  if (figure.atLeast !== undefined) return `${figure.value >= figure.atLeast ? 'reached' : 'MISSED'} (≥ ${figure.atLeast})`;
  if (figure.atMost !== undefined) return `${figure.value <= figure.atMost ? 'reached' : 'MISSED'} (≤ ${figure.atMost})`;
  return '';
}

function rounded(value: number): number {
  return value >= 1_000 ? Math.round(value) : Number(value.toPrecision(4));
}

/** The table for people. */
export function table(figures: readonly Figure[]): string {
  const rows = figures.map((figure) => [figure.name, String(rounded(figure.value)), figure.unit, verdict(figure)]);
  const widths = [0, 1, 2].map((column) => Math.max(...rows.map((row) => row[column]?.length ?? 0)));
  return rows
    .map(([name = '', value = '', unit = '', said = '']) =>
      `${name.padEnd(widths[0] ?? 0)}  ${value.padStart(widths[1] ?? 0)} ${unit.padEnd(widths[2] ?? 0)}  ${said}`.trimEnd(),
    )
    .join('\n');
}

/** The last line for programs: one flat object. */
export function json(figures: readonly Figure[]): string {
  return JSON.stringify(Object.fromEntries(figures.map((figure) => [figure.name, rounded(figure.value)])));
}
