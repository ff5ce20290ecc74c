import { expect, it } from 'vitest';
import { createLeader } from '../../client/worker/leader.ts';

let names = 0;
function tabs() {
  const name = `leader test ${names++}`;
  const tab = () => {
    let lost = 0;
    let told: (() => void) | undefined;
    const leader = createLeader(navigator.locks, name);
    return {
      ...leader,
      acquire: () =>
        leader.acquire(() => {
          lost++;
          told?.();
        }),
      lost: () => lost,
      whenLost: () =>
        new Promise<void>((resolve) => {
          told = resolve;
          if (lost > 0) resolve();
        }),
    };
  };
  return [tab(), tab()] as const;
}

it('gives the engine to one tab', async () => {
  const [first, second] = tabs();
  expect(await first.acquire()).toBe('owned');
  expect(await first.acquire()).toBe('owned');
  expect(await second.acquire()).toBe('elsewhere');
});

it('moves it when another tab takes over, and tells who had it once', async () => {
  const [first, second] = tabs();
  await first.acquire();
  await second.acquire();
  await second.takeOver();
  await first.whenLost();
  expect(await first.acquire()).toBe('elsewhere');
  await first.takeOver();
  await second.whenLost();
  expect([first.lost(), second.lost()]).toEqual([1, 1]);
});

it('frees it on release without calling that a loss', async () => {
  const [first, second] = tabs();
  await first.acquire();
  first.release();
  first.release();
  await second.takeOver();
  expect(await second.acquire()).toBe('owned');
  expect(first.lost()).toBe(0);
});
