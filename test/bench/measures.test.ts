import { expect, test } from 'vitest';
import { countOf, merge, newHistogram, quantile, record } from '../../bench/relay/histogram.ts';
import { PAYLOAD_BYTES, payload, stampOf } from '../../bench/relay/payload.ts';
import { svg } from '../../bench/relay/plot.ts';
import { median, ratio } from '../../bench/relay/statistics.ts';
import { parseStat } from '../../bench/relay/usage.ts';

test('quantiles are right within one per cent, whether of one histogram or of several merged', () => {
  const halves = [newHistogram(), newHistogram()] as const;
  for (let ms = 1; ms <= 10_000; ms++) record(halves[ms % 2 ? 0 : 1], ms / 10);
  const all = merge(halves);
  expect(countOf(all)).toBe(10_000);
  for (const part of [0.01, 0.5, 0.9, 0.99, 1]) {
    expect(quantile(all, part) / (1_000 * part)).toBeGreaterThanOrEqual(1);
    expect(quantile(all, part) / (1_000 * part)).toBeLessThan(1.011);
  }
});

test('the shortest and the longest have a bucket, and nothing has no quantile', () => {
  const histogram = newHistogram();
  record(histogram, 0);
  record(histogram, 1e9);
  expect(quantile(histogram, 0.5)).toBeLessThan(0.011);
  expect(quantile(histogram, 1)).toBeGreaterThan(100_000);
  expect(quantile(newHistogram(), 0.5)).toBeNaN();
});

test('the median is the middle, or between the two in the middle; a ratio is the median of the rounds', () => {
  expect(median([3, 1, 2])).toBe(2);
  expect(median([4, 1, 3, 2])).toBe(2.5);
  expect(median([])).toBeNaN();
  expect(ratio([10, 100, 30], [10, 10, 10])).toBe(3);
});

test('every payload carries its own stamp and no two are alike', () => {
  const seen = new Set<string>();
  for (let number = 0; number < 2_000; number++) {
    const bytes = payload({ sentAt: number + 0.5, sender: 7, number });
    expect(bytes).toHaveLength(PAYLOAD_BYTES);
    expect(stampOf(bytes)).toEqual({ sentAt: number + 0.5, sender: 7, number });
    seen.add(bytes.toString('latin1', 8));
  }
  expect(seen.size).toBe(2_000);
});

test('the processor time of a process is read past a name with brackets and spaces, with that of its ended children', () => {
  const stat = '12 (a) b) c) S 34 12 12 0 -1 4194560 1 2 3 4 50 60 7 8 20 0 11 0 100 200 300';
  expect(parseStat(stat)).toEqual({ parent: 34, ticks: 125 });
});

test('the plot holds every bar with its value, the longest over the whole width', () => {
  const bars = [
    { label: 'one', value: 33_077.4, note: 'p50 9 ms', ours: false },
    { label: 'two', value: 3_307.74, note: '', ours: true },
  ];
  const plot = svg([{ title: 'a shape', bars }]);
  expect(plot).toContain('<title>a shape: one 33,077, two 3,308.</title>');
  expect([...plot.matchAll(/<rect class="(bar|ours)" .*width="([\d.]+)"/g)].map(([, name, width]) => [name, width])).toEqual([
    ['bar', '330.0'],
    ['ours', '33.0'],
  ]);
});
