/** What the bench asks of its driver processes, and what they answer. Times are on the machine's monotonic clock (clock.ts), in ms. */
import type { AdapterName, Target } from './adapter.ts';
import type { Histogram } from './histogram.ts';

export type Pair = { sender: number; recipient: number; to: string };
export type Window = { from: number; until: number };

export type Commands = {
  use: { ask: { adapter: AdapterName; target: Target }; answer: null };
  signUp: { ask: { devices: number[]; invite: string }; answer: [number, string][] };
  logIn: { ask: { devices: number[] }; answer: null };
  connect: { ask: { devices: number[] }; answer: null };
  close: { ask: object; answer: null };
  /** Every pair keeps so many on their way: the next leaves when one arrives. */
  closedLoop: { ask: { pairs: Pair[]; outstanding: number; window: Window }; answer: Loop };
  /** So many a second over all pairs of this driver, whatever arrives. */
  openLoop: { ask: { pairs: Pair[]; perSecond: number; window: Window }; answer: Loop };
  /** Every sender submits so many and is done when all were taken over; recipients may be away. */
  queue: { ask: { pairs: Pair[]; count: number; outstanding: number }; answer: Span };
  /** One sender, every message to all these addresses. */
  fanOut: { ask: { sender: number; to: string[]; count: number; outstanding: number }; answer: Span };
  /** Connects these devices and waits until each of them has got so many. */
  drain: { ask: { devices: number[]; each: number; connect: boolean }; answer: Span & { latency: Histogram } };
};

export type Command = keyof Commands;
/** `busy`: the part of one core this driver's process used over the window. */
export type Loop = { sent: number; delivered: number; latency: Histogram; busy: number };
export type Span = { from: number; until: number };
export type Ask<C extends Command> = { command: C } & Commands[C]['ask'];
export type Answer<C extends Command> = Commands[C]['answer'];
