/** What the rounds say, under the names and against the goals that are judged. */
import type { Figure } from '../report.ts';
import { type Contended, LOOPS, type LoopName, type Results } from './plan.ts';
import type { Measured } from './shapes.ts';
import { median, ratio } from './statistics.ts';

type Goal = { atLeast: number } | { atMost: number };

const GOALS: Record<string, Goal> = {
  vs_bare: { atLeast: 0.8 },
  vs_mosquitto: { atLeast: 1 },
  vs_ejabberd_mam: { atLeast: 20 },
  vs_prosody_mam: { atLeast: 50 },
  drain_vs_mosquitto: { atLeast: 0.4 },
  half_load_p99_ms: { atMost: 20 },
  group1000_deliveries_per_s: { atLeast: 20_000 },
  idle_socket_bytes: { atMost: 14_336 },
  cpu_us_per_message: { atMost: 30 },
  start_ms: { atMost: 300 },
};

function figure(name: string, value: number, unit: string): Figure {
  return { name, value, unit, ...GOALS[name] };
}

const all = (rounds: readonly Measured[], key: keyof Measured): number[] => rounds.map((round) => round[key]);

function lastOverFirst(rates: readonly number[]): Figure[] {
  const [first, last] = [rates[0], rates.at(-1)];
  return rates.length > 1 && first && last ? [figure('pairs50x8_last_vs_first', last / first, '×')] : [];
}

function loopFigures(prefix: string, rounds: readonly Measured[]): Figure[] {
  return [
    figure(`${prefix}_per_s`, median(all(rounds, 'perSecond')), '1/s'),
    figure(`${prefix}_p50_ms`, median(all(rounds, 'p50Ms')), 'ms'),
    figure(`${prefix}_p99_ms`, median(all(rounds, 'p99Ms')), 'ms'),
    figure(`${prefix}_cpu_us`, median(all(rounds, 'cpuUsPerMessage')), 'µs'),
    figure(`${prefix}_driver_busy`, median(all(rounds, 'driverBusy')), 'cores'),
  ];
}

function contendedFigures(name: string, { loops, drains, peakRssBytes }: Contended): Figure[] {
  const suffix = name === 'ours' ? '' : `_${name}`;
  const figures: Figure[] = [];
  for (const shape of Object.keys(LOOPS) as LoopName[]) {
    const rounds = loops[shape];
    if (rounds) figures.push(...loopFigures(`${shape}${suffix}`, rounds));
  }
  if (drains.length > 0) {
    figures.push(figure(`queue_per_s${suffix}`, median(drains.map((one) => one.queuedPerSecond)), '1/s'));
    figures.push(figure(`drain_per_s${suffix}`, median(drains.map((one) => one.drainedPerSecond)), '1/s'));
  }
  figures.push(figure(`peak_rss_mib${suffix}`, peakRssBytes / 1_048_576, 'MiB'));
  return figures;
}

function ratios(ours: Contended, name: string, theirs: Contended): Figure[] {
  const figures: Figure[] = [];
  const [our50x8, their50x8] = [ours.loops.pairs50x8, theirs.loops.pairs50x8];
  if (our50x8 && their50x8) figures.push(figure(`vs_${name}`, ratio(all(our50x8, 'perSecond'), all(their50x8, 'perSecond')), '×'));
  if (theirs.drains.length > 0) {
    const drained = (one: Contended): number[] => one.drains.map((each) => each.drainedPerSecond);
    figures.push(figure(`drain_vs_${name}`, ratio(drained(ours), drained(theirs)), '×'));
  }
  return figures;
}

export function figuresOf(results: Results): Figure[] {
  const ours = results.contended.get('ours');
  if (!ours) throw new Error('ours did not run');
  const others = [...results.contended].filter(([name]) => name !== 'ours');
  return [
    ...[...results.contended].flatMap(([name, contended]) => contendedFigures(name, contended)),
    figure('group1000_p99_ms', median(results.group.map((one) => one.p99Ms)), 'ms'),
    figure('half_load_per_s', median(all(results.halfLoad, 'perSecond')), '1/s'),
    figure('half_load_p50_ms', median(all(results.halfLoad, 'p50Ms')), 'ms'),
    // A relay that slows down while it runs shows here; one round says nothing of it.
    ...lastOverFirst(all(ours.loops.pairs50x8 ?? [], 'perSecond')),
    ...others.flatMap(([name, theirs]) => ratios(ours, name, theirs)),
    figure('half_load_p99_ms', median(all(results.halfLoad, 'p99Ms')), 'ms'),
    figure('group1000_deliveries_per_s', median(results.group.map((one) => one.deliveriesPerSecond)), '1/s'),
    figure('idle_socket_bytes', results.idleSocketBytes, 'B'),
    figure('cpu_us_per_message', median(all(ours.loops.pairs50x8 ?? [], 'cpuUsPerMessage')), 'µs'),
    figure('start_ms', results.start.ms, 'ms'),
  ];
}
