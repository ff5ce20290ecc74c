/** Scheduling and measurement, the same for every protocol. */
import type { Adapter, Events, Link } from './adapter.ts';
import { now, wait } from './clock.ts';
import type { Loop, Pair, Span, Window } from './driver-wire.ts';
import { newHistogram, record } from './histogram.ts';
import { payload, stampOf } from './payload.ts';

// How long what is still on its way may take after a run has ended.
const SETTLE_MS = 30_000;
const POLL_MS = 2;

type Handlers = { delivered: (device: number, bytes: Buffer) => void; accepted: (device: number) => void };
type Way = { link: Link<unknown>; route: unknown };

export function load(adapter: Adapter, failed: (error: Error) => void) {
  const links = new Map<number, Link<unknown>>();
  let handlers: Handlers = { delivered: () => undefined, accepted: () => undefined };

  function eventsOf(device: number): Events {
    return {
      delivered: (bytes) => handlers.delivered(device, bytes),
      accepted: () => handlers.accepted(device),
      failed,
    };
  }

  function linkOf(device: number): Link<unknown> {
    const link = links.get(device);
    if (!link) throw new Error(`device ${device} is not connected`);
    return link;
  }

  async function until(what: string, done: () => boolean): Promise<void> {
    const latest = now() + SETTLE_MS;
    while (!done()) {
      if (now() > latest) throw new Error(`${what}: not done ${SETTLE_MS} ms after the end`);
      await wait(POLL_MS);
    }
  }

  /** Sends by `start`, counts what arrives within the window, then waits for the rest: nothing may be lost. */
  async function loop(pairs: readonly Pair[], window: Window, again: boolean, start: (send: Send) => Promise<void>): Promise<Loop> {
    const ways: Way[] = pairs.map(({ sender, to }) => ({ link: linkOf(sender), route: adapter.route([to]) }));
    const latency = newHistogram();
    let sent = 0;
    let arrived = 0;
    let delivered = 0;
    const send: Send = (sender, sentAt) => {
      const { link, route } = ways[sender] as Way;
      link.send(route, payload({ sentAt, sender, number: sent }));
      sent += 1;
    };
    handlers = {
      accepted: () => undefined,
      delivered(_device, bytes) {
        const { sentAt, sender } = stampOf(bytes);
        const at = now();
        arrived += 1;
        if (at >= window.from && at < window.until) {
          delivered += 1;
          record(latency, at - sentAt);
        }
        if (again && at < window.until) send(sender, at);
      },
    };
    const usage = busyWithin(window);
    await start(send);
    await wait(Math.max(0, window.until - now()));
    await until('a run', () => arrived >= sent);
    if (arrived !== sent) throw new Error(`${sent} were sent and ${arrived} arrived`);
    return { sent, delivered, latency, busy: await usage };
  }

  return {
    signUp: (devices: readonly number[], invite: string) =>
      inTurns(devices, 8, async (device): Promise<[number, string]> => [device, await adapter.signUp(device, invite)]),

    logIn: (devices: readonly number[]) => inTurns(devices, 16, (device) => adapter.logIn(device)),

    connect: (devices: readonly number[]) =>
      inTurns(devices, 64, async (device) => void links.set(device, await adapter.connect(device, eventsOf(device)))),

    async close(): Promise<void> {
      await Promise.all([...links.values()].map((link) => link.close()));
      links.clear();
    },

    closedLoop: (pairs: readonly Pair[], outstanding: number, window: Window) =>
      loop(pairs, window, true, async (send) => {
        for (let i = 0; i < outstanding; i++) for (let pair = 0; pair < pairs.length; pair++) send(pair, now());
      }),

    /** A message is as old as the moment it was due, not the moment we got round to it. */
    openLoop: (pairs: readonly Pair[], perSecond: number, window: Window) =>
      loop(pairs, window, false, async (send) => {
        const startedAt = now();
        for (let number = 0; now() < window.until; await wait(1)) {
          for (let dueAt = startedAt; ; number++) {
            dueAt = startedAt + (number * 1_000) / perSecond;
            if (dueAt > now()) break;
            send(number % pairs.length, dueAt);
          }
        }
      }),

    async queue(pairs: readonly Pair[], count: number, outstanding: number): Promise<Span> {
      const bySender = new Map(pairs.map((pair, index) => [pair.sender, index]));
      const ways = pairs.map(({ sender, to }) => ({ link: linkOf(sender), route: adapter.route([to]) }));
      const sent = pairs.map(() => 0);
      let accepted = 0;
      const send = (index: number): void => {
        const way = ways[index] as Way;
        way.link.send(way.route, payload({ sentAt: now(), sender: index, number: sent[index] as number }));
        sent[index] = (sent[index] as number) + 1;
      };
      handlers = {
        delivered: () => undefined,
        accepted(device) {
          accepted += 1;
          const index = bySender.get(device);
          if (index !== undefined && (sent[index] as number) < count) send(index);
        },
      };
      const from = now();
      for (let i = 0; i < Math.min(outstanding, count); i++) for (const index of pairs.keys()) send(index);
      await until('queueing', () => accepted >= pairs.length * count);
      return { from, until: now() };
    },

    async fanOut(sender: number, to: readonly string[], count: number, outstanding: number): Promise<Span> {
      const link = linkOf(sender);
      const route = adapter.route(to);
      let sent = 0;
      let accepted = 0;
      const send = (): void => {
        link.send(route, payload({ sentAt: now(), sender: 0, number: sent }));
        sent += 1;
      };
      handlers = {
        // This driver's own recipients are counted by `drain`, which runs beside this.
        delivered: handlers.delivered,
        accepted() {
          accepted += 1;
          if (sent < count) send();
        },
      };
      const from = now();
      for (let i = 0; i < Math.min(outstanding, count); i++) send();
      await until('a fan-out', () => accepted >= count);
      return { from, until: now() };
    },

    async drain(devices: readonly number[], each: number, connect: boolean) {
      const seen = new Map(devices.map((device) => [device, new Set<number>()]));
      const latency = newHistogram();
      let left = devices.length * each;
      let lastAt = now();
      handlers = {
        accepted: handlers.accepted,
        delivered(device, bytes) {
          const { sentAt, number } = stampOf(bytes);
          const numbers = seen.get(device);
          if (!numbers || numbers.has(number)) return;
          numbers.add(number);
          lastAt = now();
          left -= 1;
          record(latency, lastAt - sentAt);
        },
      };
      const from = now();
      if (connect) await this.connect(devices);
      await until('draining', () => left === 0);
      return { from, until: lastAt, latency };
    },
  };
}

type Send = (sender: number, sentAt: number) => void;

/** So many at a time, answers in order. */
async function inTurns<Item, Result>(items: readonly Item[], width: number, work: (item: Item) => Promise<Result>): Promise<Result[]> {
  const results: Result[] = [];
  let next = 0;
  async function worker(): Promise<void> {
    for (let at = next++; at < items.length; at = next++) results[at] = await work(items[at] as Item);
  }
  await Promise.all(Array.from({ length: width }, worker));
  return results;
}

async function busyWithin({ from, until }: Window): Promise<number> {
  await wait(Math.max(0, from - now()));
  const startedAt = now();
  const before = process.cpuUsage();
  await wait(Math.max(0, until - now()));
  const { user, system } = process.cpuUsage(before);
  return (user + system) / 1_000 / (now() - startedAt);
}
