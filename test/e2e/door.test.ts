import { gzipSync } from 'node:zlib';
import type { Page } from 'playwright-core';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { conversations, type Person, person, signUp, unlock } from '../support/person-at-browser.ts';
import { startRelay } from '../support/relay.ts';

// Before anybody has signed up, on a phone's connection.
const DOOR_GZIP_BYTES = 150_000;
const WORKER_GZIP_BYTES = 250_000;

let relay: Awaited<ReturnType<typeof startRelay>>;
let anna: Person;

beforeAll(async () => {
  [relay, anna] = await Promise.all([startRelay(), person('anna')]);
});

afterAll(async () => {
  await anna?.forget();
  await relay?.stop();
});

test('the page needs at most 150 kB of JavaScript before signing up, the worker at most 250 kB', async () => {
  const scripts = new Map<string, Promise<Buffer>>();
  const { page } = anna;
  page.on('response', (response) => {
    const { pathname } = new URL(response.url());
    if (pathname.endsWith('.js')) scripts.set(pathname, response.body());
  });
  await page.goto(`${relay.origin}/#/join/${relay.firstInvite}`);
  await page.getByLabel('Username').waitFor();
  const weights = await Promise.all([...scripts].map(async ([path, body]) => ({ path, bytes: gzipSync(await body).length })));
  const sum = (worker: boolean) =>
    weights.filter(({ path }) => /worker/.test(path) === worker).reduce((total, { bytes }) => total + bytes, 0);
  expect(sum(false)).toBeGreaterThan(0);
  expect(sum(false)).toBeLessThanOrEqual(DOOR_GZIP_BYTES);
  expect(sum(true)).toBeGreaterThan(0);
  expect(sum(true)).toBeLessThanOrEqual(WORKER_GZIP_BYTES);
});

test('a second tab says so and takes over when asked; the first steps back', async () => {
  await signUp(anna, `${relay.origin}/#/join/${relay.firstInvite}`);
  const second = await anna.page.context().newPage();
  await second.goto(relay.origin);
  await second.getByRole('heading', { name: 'Open in another tab' }).waitFor();
  await second.getByRole('button', { name: 'Use it here' }).click();
  await unlock({ ...anna, page: second });
  await conversations(second).waitFor();
  await anna.page.getByRole('heading', { name: 'Open in another tab' }).waitFor();
  expect(await conversations(anna.page).count()).toBe(0);
});

test('when the worker has ended, the page says so instead of waiting for ever, and loading it again goes on', async () => {
  const second = anna.page.context().pages().at(-1) as Page;
  await second.workers()[0]?.evaluate(() => self.close());
  await second.getByRole('heading', { name: 'Sottovoce has stopped' }).waitFor();
  await expect.poll(() => second.evaluate(() => document.activeElement?.textContent)).toBe('Sottovoce has stopped');
  expect(await conversations(second).count()).toBe(0);
  await second.getByRole('button', { name: 'Reload' }).click();
  await unlock({ ...anna, page: second });
  await conversations(second).waitFor();
});

test('when the other tab is gone, whoever comes back to the first goes on there', async () => {
  const { page } = anna;
  await page.getByRole('heading', { name: 'Open in another tab' }).waitFor();
  const comesBack = () => page.evaluate(() => dispatchEvent(new Event('focus')));
  await comesBack();
  const second = page.context().pages().at(-1) as Page;
  expect(await conversations(second).count()).toBe(1);
  await second.close();
  // The browser gives the lock back when it has taken the tab apart.
  await expect
    .poll(async () => {
      await comesBack();
      return page.getByRole('heading', { name: 'Welcome back' }).count();
    })
    .toBe(1);
  await unlock(anna);
  await conversations(page).waitFor();
});

test('without an invite the page says what it is and takes one', async () => {
  const { page } = anna;
  const stranger = await person('stranger');
  try {
    await stranger.page.goto(relay.origin);
    await stranger.page.getByLabel('Invite link').fill('https://example.org/nothing');
    await stranger.page.getByRole('button', { name: 'Continue' }).click();
    await stranger.page.getByText('This does not look like an invite link').waitFor();
    await stranger.page.goto(`${relay.origin}/#/join/AAAAAAAAAAAAAAAAAAAAAAAAAAA`);
    await stranger.page.getByRole('heading', { name: 'This invite does not work' }).waitFor();
    expect(stranger.complaints).toEqual([]);
  } finally {
    await stranger.forget();
  }
  expect(anna.complaints).toEqual([]);
  expect(page.url()).not.toContain('join');
});
