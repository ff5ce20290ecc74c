import type { Config } from '../config/config.ts';

// Those who have not said who they are hold this share of the sockets at most: the others are for devices.
const GREETING_SHARE = 0.25;

/** One socket's place, until it leaves. */
export type Place = { welcomed(): void; leave(): void };

/** Sockets open now, in all and by address, and how many of them are still to say who they are. */
export function socketCounter({ maxSockets, maxSocketsPerAddress }: Pick<Config, 'maxSockets' | 'maxSocketsPerAddress'>) {
  const open = new Map<string, number>();
  const greeting = new Map<string, number>();
  let openInAll = 0;
  let greetingInAll = 0;

  function change(counts: Map<string, number>, address: string, by: number): void {
    const count = (counts.get(address) ?? 0) + by;
    if (count === 0) counts.delete(address);
    else counts.set(address, count);
  }

  function greetsNoMore(address: string): void {
    change(greeting, address, -1);
    greetingInAll -= 1;
  }

  return {
    /** Undefined: there is no room. */
    enter(address: string): Place | undefined {
      const full = openInAll >= maxSockets || (open.get(address) ?? 0) >= maxSocketsPerAddress;
      const crowded =
        greetingInAll >= Math.ceil(maxSockets * GREETING_SHARE) ||
        (greeting.get(address) ?? 0) >= Math.ceil(maxSocketsPerAddress * GREETING_SHARE);
      if (full || crowded) return undefined;
      change(open, address, 1);
      change(greeting, address, 1);
      openInAll += 1;
      greetingInAll += 1;
      let greets = true;
      return {
        welcomed() {
          greets = false;
          greetsNoMore(address);
        },
        leave() {
          if (greets) greetsNoMore(address);
          change(open, address, -1);
          openInAll -= 1;
        },
      };
    },
  };
}
