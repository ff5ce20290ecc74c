/** The driver processes of one contender, spoken to as one. A failure anywhere ends the run: a figure with an error in it says nothing. */
import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { availableParallelism } from 'node:os';
import { join } from 'node:path';
import type { AdapterName, Target } from './adapter.ts';
import type { Answer, Ask, Command, Pair } from './driver-wire.ts';

// One core is the server's. More drivers than this are not needed to keep it busy.
const DRIVERS = Math.max(2, Math.min(3, availableParallelism() - 1));

// The longest step, with a wide margin: thousands of sign-ups on a slow disk.
const ANSWER_WITHIN_MS = 180_000;

type Reply = { id?: number; answer: unknown } | { error: string };

function driverProcess(server: string) {
  const child: ChildProcess = fork(join(import.meta.dirname, 'driver.ts'), { serialization: 'advanced' });
  const waiting = new Map<number, { resolve(value: unknown): void; reject(error: Error): void }>();
  let broken: Error | undefined;
  let nextId = 1;
  function fail(error: Error): void {
    broken ??= error;
    for (const { reject } of waiting.values()) reject(error);
    waiting.clear();
  }
  child.on('message', (reply: Reply) => {
    if ('error' in reply) return fail(new Error(`${server}, at a driver: ${reply.error}`));
    waiting.get(reply.id ?? 0)?.resolve(reply.answer);
    waiting.delete(reply.id ?? 0);
  });
  child.once('exit', () => fail(new Error(`${server}: a driver ended`)));
  return {
    ready: once(child, 'message'),
    ask<C extends Command>(ask: Ask<C>): Promise<Answer<C>> {
      if (broken) return Promise.reject(broken);
      const id = nextId++;
      return new Promise<unknown>((resolve, reject) => {
        const timer = setTimeout(() => fail(new Error(`${server}: a driver did not answer "${ask.command}" in time`)), ANSWER_WITHIN_MS);
        waiting.set(id, {
          resolve(value) {
            clearTimeout(timer);
            resolve(value);
          },
          reject(error) {
            clearTimeout(timer);
            reject(error);
          },
        });
        child.send({ ...ask, id });
      }) as Promise<Answer<C>>;
    },
    async end(): Promise<void> {
      if (child.exitCode !== null) return;
      child.disconnect();
      await once(child, 'exit');
    },
  };
}

/** Both devices of a pair belong to one driver: device 2n sends to 2n + 1. */
const ownerOf = (device: number, drivers: number): number => Math.floor(device / 2) % drivers;

export async function startFleet(server: string, adapter: AdapterName, target: Target) {
  const drivers = Array.from({ length: DRIVERS }, () => driverProcess(server));
  await Promise.all(drivers.map((driver) => driver.ready));
  await Promise.all(drivers.map((driver) => driver.ask({ command: 'use', adapter, target })));
  const addresses = new Map<number, string>();

  /** Asks every driver at once; it gets its own share. */
  function each<C extends Command>(make: (driver: number) => Ask<C>): Promise<Answer<C>[]> {
    return Promise.all(drivers.map((driver, index) => driver.ask(make(index))));
  }
  const shareOf = (devices: readonly number[], driver: number) => devices.filter((device) => ownerOf(device, drivers.length) === driver);

  return {
    drivers: drivers.length,
    each,
    shareOf,
    driver: (device: number) => drivers[ownerOf(device, drivers.length)] as (typeof drivers)[number],
    address(device: number): string {
      const address = addresses.get(device);
      if (address === undefined) throw new Error(`device ${device} has not signed up`);
      return address;
    },
    known: () => addresses.size,
    pairs(count: number, driver: number): Pair[] {
      const senders = shareOf(
        Array.from({ length: count }, (_, index) => 2 * index),
        driver,
      );
      return senders.map((sender) => ({ sender, recipient: sender + 1, to: this.address(sender + 1) }));
    },
    async signUp(devices: readonly number[], invite: string): Promise<void> {
      const made = await each<'signUp'>((driver) => ({ command: 'signUp', devices: shareOf(devices, driver), invite }));
      for (const [device, address] of made.flat()) addresses.set(device, address);
    },
    logIn: (devices: readonly number[]) => each<'logIn'>((driver) => ({ command: 'logIn', devices: shareOf(devices, driver) })),
    connect: (devices: readonly number[]) => each<'connect'>((driver) => ({ command: 'connect', devices: shareOf(devices, driver) })),
    close: () => each<'close'>(() => ({ command: 'close' })),
    end: () => Promise.all(drivers.map((driver) => driver.end())),
  };
}

export type Fleet = Awaited<ReturnType<typeof startFleet>>;
