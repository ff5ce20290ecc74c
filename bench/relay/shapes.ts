/** The shapes of load, each on connected drivers; what they answer is measured, not judged. */
import { now, wait } from './clock.ts';
import type { Ask, Loop } from './driver-wire.ts';
import type { Fleet } from './fleet.ts';
import { merge, quantile } from './histogram.ts';
import type { Server } from './servers/contender.ts';
import { cpuUs, rssBytes } from './usage.ts';

const WARM_UP_MS = 1_500;
const MEASURE_MS = 4_000;

// Orders reach the drivers within this.
const HEAD_START_MS = 200;

export type Measured = { perSecond: number; p50Ms: number; p99Ms: number; cpuUsPerMessage: number; driverBusy: number };

const range = (from: number, to: number, step = 1): number[] =>
  Array.from({ length: Math.ceil((to - from) / step) }, (_, index) => from + index * step);

async function ready(server: Server, fleet: Fleet, devices: readonly number[], count: number): Promise<void> {
  if (fleet.known() < count) await server.signUp(fleet, count);
  await fleet.logIn(devices);
}

async function measured(server: Server, fleet: Fleet, pairs: number, ask: (driver: number) => Ask<'closedLoop'> | Ask<'openLoop'>) {
  const devices = range(0, 2 * pairs);
  await ready(server, fleet, devices, devices.length);
  await fleet.connect(devices);
  const asks = range(0, fleet.drivers).map(ask);
  const window = { from: now() + HEAD_START_MS + WARM_UP_MS, until: now() + HEAD_START_MS + WARM_UP_MS + MEASURE_MS };
  for (const one of asks) one.window = window;
  const answers = fleet.each((driver) => asks[driver] as Ask<'closedLoop'>) as Promise<Loop[]>;
  const cpu = (async () => {
    await wait(window.from - now());
    const before = cpuUs(server.roots());
    await wait(window.until - now());
    return cpuUs(server.roots()) - before;
  })();
  const [loops, usedUs] = await Promise.all([answers, cpu]);
  await fleet.close();
  const delivered = loops.reduce((sum, loop) => sum + loop.delivered, 0);
  const latency = merge(loops.map((loop) => loop.latency));
  return {
    perSecond: (delivered * 1_000) / MEASURE_MS,
    p50Ms: quantile(latency, 0.5),
    p99Ms: quantile(latency, 0.99),
    cpuUsPerMessage: usedUs / delivered,
    driverBusy: Math.max(...loops.map((loop) => loop.busy)),
  } satisfies Measured;
}

const NO_WINDOW = { from: 0, until: 0 };

export function closedLoop(
  server: Server,
  fleet: Fleet,
  { pairs, outstanding }: { pairs: number; outstanding: number },
): Promise<Measured> {
  return measured(server, fleet, pairs, (driver) => ({
    command: 'closedLoop',
    pairs: fleet.pairs(pairs, driver),
    outstanding,
    window: NO_WINDOW,
  }));
}

export function openLoop(server: Server, fleet: Fleet, pairs: number, perSecond: number): Promise<Measured> {
  return measured(server, fleet, pairs, (driver) => {
    const own = fleet.pairs(pairs, driver);
    return { command: 'openLoop', pairs: own, perSecond: (perSecond * own.length) / pairs, window: NO_WINDOW };
  });
}

export type Drained = { queuedPerSecond: number; drainedPerSecond: number };

/** Recipients are away while so many are queued for each, then all come at once; the drain's clock starts with their first connection. */
export async function drain(server: Server, fleet: Fleet, pairs: number, each: number): Promise<Drained> {
  const senders = range(0, 2 * pairs, 2);
  const recipients = range(1, 2 * pairs, 2);
  await ready(server, fleet, [...senders, ...recipients], 2 * pairs);
  await fleet.connect(senders);
  const queued = await fleet.each<'queue'>((driver) => ({
    command: 'queue',
    pairs: fleet.pairs(pairs, driver),
    count: each,
    outstanding: 8,
  }));
  const drained = await fleet.each<'drain'>((driver) => ({
    command: 'drain',
    devices: fleet.shareOf(recipients, driver),
    each,
    connect: true,
  }));
  await fleet.close();
  return { queuedPerSecond: rate(pairs * each, queued), drainedPerSecond: rate(pairs * each, drained) };
}

function rate(messages: number, spans: readonly { from: number; until: number }[]): number {
  const from = Math.min(...spans.map((span) => span.from));
  const until = Math.max(...spans.map((span) => span.until));
  return (messages * 1_000) / (until - from);
}

export type FannedOut = { deliveriesPerSecond: number; p50Ms: number; p99Ms: number };

/** Every message goes to all recipients by one submit; done when each has got each. */
export async function fanOut(server: Server, fleet: Fleet, recipients: number, count: number): Promise<FannedOut> {
  const sender = 0;
  const to = range(1, recipients + 1);
  await ready(server, fleet, [sender, ...to], recipients + 1);
  await fleet.connect([sender, ...to]);
  const received = fleet.each<'drain'>((driver) => ({ command: 'drain', devices: fleet.shareOf(to, driver), each: count, connect: false }));
  const sent = fleet.driver(sender).ask<'fanOut'>({ command: 'fanOut', sender, to: to.map(fleet.address), count, outstanding: 2 });
  const [spans, own] = await Promise.all([received, sent]);
  await fleet.close();
  const latency = merge(spans.map((span) => span.latency));
  const deliveriesPerSecond = rate(recipients * count, [own, ...spans.map((span) => ({ from: own.from, until: span.until }))]);
  return { deliveriesPerSecond, p50Ms: quantile(latency, 0.5), p99Ms: quantile(latency, 0.99) };
}

/** Memory of the server before and with so many sockets that say nothing, both once it has come to rest. */
export async function idleSocketBytes(server: Server, fleet: Fleet, sockets: number): Promise<number> {
  const devices = range(0, sockets);
  await ready(server, fleet, devices, sockets);
  const before = await restingRss(server);
  await fleet.connect(devices);
  const after = await restingRss(server);
  await fleet.close();
  return (after - before) / sockets;
}

const REST_MS = 3_000;

async function restingRss(server: Server): Promise<number> {
  await wait(REST_MS);
  return rssBytes(server.roots()[0] as number);
}
