/** docs/bench-relay.svg: bars from zero, one group a shape, legible on light and on dark. */
import type { Results } from './plan.ts';
import { median } from './statistics.ts';

const WIDTH = 760;
const LABEL_WIDTH = 190;
const BAR_WIDTH = 330;
const ROW_HEIGHT = 26;
const HEAD_HEIGHT = 44;

export type Bar = { label: string; value: number; note: string; ours: boolean };
export type Group = { title: string; bars: Bar[] };

const LABELS: Record<string, string> = {
  ours: 'Sottovoce',
  bare: 'bare harness',
  mosquitto: 'mosquitto, QoS 1',
  ejabberd_mam: 'ejabberd, archive',
  prosody_mam: 'prosody, archive',
};

const STYLE = `.paper{fill:#fff}text{font:13px system-ui,sans-serif;fill:#24292f}.head{font-weight:600}.note{fill:#57606a}.bar{fill:#8c959f}.ours{fill:#1f6feb}
@media (prefers-color-scheme:dark){.paper{fill:#0d1117}text{fill:#e6edf3}.note{fill:#9198a1}.bar{fill:#6e7681}.ours{fill:#4493f8}}`;

const thousands = (value: number): string => Math.round(value).toLocaleString('en-GB');

function row({ label, value, note, ours }: Bar, most: number, y: number): string {
  const width = Math.max(1, (value / most) * BAR_WIDTH);
  const textY = y + ROW_HEIGHT / 2 + 4;
  return `<text x="${LABEL_WIDTH - 10}" y="${textY}" text-anchor="end">${label}</text>
<rect class="${ours ? 'ours' : 'bar'}" x="${LABEL_WIDTH}" y="${y + 3}" width="${width.toFixed(1)}" height="${ROW_HEIGHT - 6}" rx="2"/>
<text x="${(LABEL_WIDTH + width + 8).toFixed(1)}" y="${textY}">${thousands(value)}<tspan class="note" dx="8">${note}</tspan></text>`;
}

export function svg(groups: readonly Group[]): string {
  const parts: string[] = [];
  let y = 0;
  for (const { title, bars } of groups) {
    const most = Math.max(...bars.map((bar) => bar.value));
    parts.push(`<text class="head" x="8" y="${y + 28}">${title}</text>`);
    y += HEAD_HEIGHT;
    for (const bar of bars) {
      parts.push(row(bar, most, y));
      y += ROW_HEIGHT;
    }
  }
  const described = groups.map(
    ({ title, bars }) => `${title}: ${bars.map(({ label, value }) => `${label} ${thousands(value)}`).join(', ')}.`,
  );
  return `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${WIDTH} ${y + 12}" width="${WIDTH}" height="${y + 12}" role="img">
<title>${described.join(' ')}</title>
<style>${STYLE}</style>
<rect class="paper" width="100%" height="100%" rx="6"/>
${parts.join('\n')}
</svg>
`;
}

/** What was run, in the order of the plan. */
export function plotOf({ contended }: Results): string {
  const throughput: Bar[] = [];
  const drained: Bar[] = [];
  for (const [name, { loops, drains }] of contended) {
    const bar = { label: LABELS[name] ?? name, ours: name === 'ours' };
    const rounds = loops.pairs50x8 ?? [];
    const [p50, p99] = (['p50Ms', 'p99Ms'] as const).map((key) => Math.round(median(rounds.map((round) => round[key]))));
    throughput.push({ ...bar, value: median(rounds.map((round) => round.perSecond)), note: `p50 ${p50} ms, p99 ${p99} ms` });
    if (drains.length > 0) drained.push({ ...bar, value: median(drains.map((one) => one.drainedPerSecond)), note: '' });
  }
  return svg([
    { title: 'Messages of 2 KiB delivered a second, 50 pairs with 8 on their way each', bars: throughput },
    { title: '20,000 messages that waited, delivered a second', bars: drained },
  ]);
}
