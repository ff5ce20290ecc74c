import type { Bytes } from '../../../crypto/index.ts';

/** An input read as a course of events: whoever runs a model asks it what comes next. A shorter input is a shorter course. */
export type Schedule = {
  ended(): boolean;
  /** 0 to `below` − 1. */
  next(below: number): number;
};

export function scheduleOf(input: Bytes): Schedule {
  let at = 0;
  return {
    ended: () => at >= input.length,
    next: (below) => (below < 1 ? 0 : (input[at++] ?? 0) % below),
  };
}
