import { expect, it, onTestFinished } from 'vitest';
import { createMemoryMarker } from '../../client/adapters/memory-marker.ts';
import { Failure, type Messenger, type MessengerEvent } from '../../client/messenger/api.ts';
import type { Marker } from '../../client/ports/marker.ts';
import { connectToWorker, hostMessenger } from '../../client/worker/bridge.ts';

/** A real pair of ports between two real ends of the bridge; the engine behind it says what the test wants to see cross. */
function bridged(start: (marker: Marker) => Promise<Partial<Messenger>>, marker = createMemoryMarker()): Promise<Messenger> {
  const { port1, port2 } = new MessageChannel();
  onTestFinished(() => {
    port1.close();
    port2.close();
  });
  hostMessenger(async (given) => (await start(given)) as Messenger, port1);
  return connectToWorker(port2, marker);
}

const starting: MessengerEvent = { type: 'phase', phase: { phase: 'starting' } };
const locked: MessengerEvent = { type: 'phase', phase: { phase: 'locked' } };

it('carries calls, their input and their answers', async () => {
  const messenger = await bridged(async () => ({
    createGroup: async (name, members) => `${name}: ${members.join()}`,
    safetyNumber: async () => ({ digits: '1', scannable: Uint8Array.of(1, 2), verified: true }),
    recoveryWords: async () => null,
    lock: async () => undefined,
  }));
  expect(await messenger.createGroup('Choir', ['ann', 'bob'])).toBe('Choir: ann,bob');
  expect(await messenger.safetyNumber('ann')).toEqual({ digits: '1', scannable: Uint8Array.of(1, 2), verified: true });
  expect(await messenger.recoveryWords()).toBeNull();
  expect(await messenger.lock()).toBeUndefined();
});

it('keeps the code and the time of a failure, and nothing of another error', async () => {
  const messenger = await bridged(async () => ({
    unlock: async () => Promise.reject(new Failure('rate-limited', 4_500)),
    lock: async () => Promise.reject(new RangeError('a secret in a message')),
    contactLink: () => {
      throw new Failure('locked');
    },
  }));
  const refused = await messenger.unlock('x').catch((error: unknown) => error);
  expect(refused).toBeInstanceOf(Failure);
  expect(refused).toMatchObject({ code: 'rate-limited', retryAfterMs: 4_500 });
  const broken = (await messenger.lock().catch((error: unknown) => error)) as Failure;
  expect(broken).toMatchObject({ code: 'broken', retryAfterMs: 0 });
  expect(`${broken.message}${broken.stack}`).not.toContain('secret');
  await expect(messenger.contactLink()).rejects.toMatchObject({ code: 'locked' });
  await expect(messenger.close()).rejects.toMatchObject({ code: 'broken' });
});

it('refuses to connect with the reason for which the engine did not start', async () => {
  await expect(bridged(async () => Promise.reject(new Failure('unsupported')))).rejects.toMatchObject({ code: 'unsupported' });
});

it('tells events in order until the listener stops, each listener its own', async () => {
  const listeners = new Set<(event: MessengerEvent) => void>();
  let done: () => void = () => undefined;
  const messenger = await bridged(async () => ({
    subscribe(listener) {
      listeners.add(listener);
      listener(starting);
      return () => {
        listeners.delete(listener);
        if (listeners.size === 1) done();
      };
    },
    lock: async () => {
      for (let round = 0; round < 100; round++)
        for (const listener of listeners) listener({ type: 'progress', of: 'opening', done: round });
      for (const listener of listeners) listener(locked);
    },
  }));
  const heard: MessengerEvent[][] = [[], []];
  const whenLocked = heard.map(
    (events, index) =>
      new Promise<() => void>((resolve) => {
        const stop = messenger.subscribe((event) => {
          events.push(event);
          if (event === locked || (event.type === 'phase' && event.phase.phase === 'locked')) resolve(stop);
        });
        expect(index).toBeLessThan(2);
      }),
  );
  await messenger.lock();
  const [stop] = await Promise.all(whenLocked);
  for (const events of heard) {
    expect(events[0]).toEqual(starting);
    expect(events.slice(1, -1)).toEqual(Array.from({ length: 100 }, (_, round) => ({ type: 'progress', of: 'opening', done: round })));
    expect(events.length).toBe(102);
  }
  const stopped = new Promise<void>((resolve) => {
    done = resolve;
  });
  stop?.();
  stop?.();
  await stopped;
  expect(listeners.size).toBe(1);
});

it('lends the worker the page’s marker', async () => {
  const marker = createMemoryMarker();
  const messenger = await bridged(
    async (lent) => ({
      lock: () => lent.set(),
      checkInvite: () => lent.get(),
      startOver: () => lent.clear(),
    }),
    marker,
  );
  expect(await messenger.checkInvite('')).toBe(false);
  await messenger.lock();
  expect([await marker.get(), await messenger.checkInvite('')]).toEqual([true, true]);
  await messenger.startOver();
  expect(await marker.get()).toBe(false);
});
