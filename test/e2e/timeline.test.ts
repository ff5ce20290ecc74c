import type { Locator, Page } from 'playwright-core';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { createPerson, type Person as Engine, signUp as signUpEngine } from '../support/engine-person.ts';
import { acceptRequest, makeInvite } from '../support/page-acts.ts';
import {
  bubble,
  conversations,
  openRow,
  type Person,
  person,
  signUp,
  timeline,
  waitForStatus,
  write,
} from '../support/person-at-browser.ts';
import { type RunningRelay, startRelay } from '../support/relay.ts';
import { shoot } from '../support/shoot.ts';

// Bert sits at the page; anna is an engine without one, so that hundreds of messages are written in a moment.
let relay: RunningRelay;
let bert: Person;
let anna: Engine;
let bertId: string;
let written = 0;

const numbered = (number: number): string => `lighthouse log ${String(number).padStart(4, '0')}`;

/** Some are longer than a line, so that no row is as high as it was taken for. */
const textOf = (number: number): string =>
  `${numbered(number)}${number % 5 === 0 ? ', with a remark on wind, weather and the state of the lamp that takes a few more lines on a small screen' : ''}`;

async function annaWrites(count: number): Promise<void> {
  const last = written + count;
  while (written < last) {
    written += 1;
    await anna.say(bertId, textOf(written));
  }
}

const arrow = (page: Page): Locator => page.getByRole('button', { name: /^Go to the newest message/ });
const unreadOf = (page: Page, count: number): Locator =>
  conversations(page).getByRole('img', { name: `${count} unread ${count === 1 ? 'message' : 'messages'}`, exact: true });

const divider = (page: Page): Locator => timeline(page).getByText('New messages');

/** Becomes so, and is given as long as a busy machine needs. */
const soon = <T>(look: () => Promise<T>) => expect.poll(look, { timeout: 15_000 });

/** How far below the upper edge of the timeline something stands. */
async function below(page: Page, what: Locator): Promise<number> {
  if ((await what.count()) === 0) return Number.POSITIVE_INFINITY;
  const [frame, box] = [await timeline(page).boundingBox(), await what.boundingBox()];
  return frame && box ? box.y - frame.y : Number.POSITIVE_INFINITY;
}

/** All of it is within the timeline as it is shown. */
async function isInView(page: Page, what: Locator): Promise<boolean> {
  // The list draws what is near the screen, and no more.
  if ((await what.count()) === 0) return false;
  const [frame, box] = [await timeline(page).boundingBox(), await what.boundingBox()];
  return frame !== null && box !== null && box.y >= frame.y && box.y + box.height <= frame.y + frame.height;
}

async function openNotes(page: Page): Promise<void> {
  await page.getByRole('button', { name: 'New conversation' }).click();
  await page.getByRole('menuitem', { name: 'Note to self' }).click();
  await page.getByRole('textbox', { name: 'Message to Note to self' }).waitFor();
}

/** Everything anna wrote is read. */
async function readToEnd(page: Page): Promise<void> {
  await timeline(page).focus();
  await page.keyboard.press('End');
  await soon(() => isInView(page, bubble(page, numbered(written)))).toBe(true);
  await soon(() => page.title()).toBe('Sottovoce');
}

/** While Bert reads elsewhere anna writes so many; then he opens what she wrote. */
async function openUnread(page: Page, count: number): Promise<void> {
  await readToEnd(page);
  await openNotes(page);
  await annaWrites(count);
  await unreadOf(page, count).waitFor();
  await openRow(page, 'anna');
  await soon(() => below(page, divider(page))).toBeLessThan(24);
}

beforeAll(async () => {
  [relay, bert] = await Promise.all([startRelay(), person('bert')]);
  await signUp(bert, `${relay.origin}/#/join/${relay.firstInvite}`);
  const link = await makeInvite(bert.page);
  const [code = '', accountId = '', username = ''] = link.split('/#/join/')[1]?.split('/') ?? [];
  anna = createPerson({ origin: relay.origin });
  await signUpEngine(anna, 'anna', code);
  bertId = await anna.messenger.openContactLink(`${relay.origin}/#/c/${accountId}/${username}`);
  await annaWrites(1);
  await acceptRequest(bert.page, 'anna');
});

afterAll(async () => {
  await anna?.close();
  await bert?.forget();
  await relay?.stop();
});

test('a long conversation opens at the first unread message, the divider above it', async () => {
  const { page } = bert;
  await annaWrites(259);
  await openUnread(page, 40);
  expect(await below(page, divider(page))).toBeGreaterThanOrEqual(0);
  await soon(() => isInView(page, bubble(page, numbered(261)))).toBe(true);
  await arrow(page).waitFor();
  await shoot(page, 'first-unread');
});

test('so it does when the first unread message lies beyond the page that is loaded first', async () => {
  const { page } = bert;
  await openUnread(page, 230);
  await soon(() => isInView(page, bubble(page, numbered(301)))).toBe(true);
  // What was not on the screen is not read.
  await soon(() => page.title()).toMatch(/^\(2[12]\d\) /);
});

test('scrolled back as fast as a hand can, every part is there, up to the beginning', async () => {
  const { page } = bert;
  await readToEnd(page);
  await openNotes(page);
  await openRow(page, 'anna');
  await soon(() => isInView(page, bubble(page, numbered(written)))).toBe(true);
  const log = timeline(page);
  const beginning = log.getByText('This is the beginning of your conversation');
  for (let part = 0; part < 3; part++) {
    await log.evaluate((element) => element.scrollTo(0, 0));
    // The rows above came, and what was read stayed where it was.
    await soon(() => log.evaluate((element) => element.scrollTop)).toBeGreaterThan(400);
    expect(await beginning.count()).toBe(0);
  }
  await log.focus();
  await soon(async () => {
    await page.keyboard.press('Home');
    return (await beginning.count()) > 0 && isInView(page, bubble(page, numbered(1)));
  }).toBe(true);
  await page.keyboard.press('End');
  await soon(() => isInView(page, bubble(page, numbered(written)))).toBe(true);
});

test('a keyboard, a turned phone or a growing composer hides nothing of the newest message', async () => {
  const { page } = bert;
  const newest = bubble(page, numbered(written));
  const field = page.getByRole('textbox', { name: 'Message to anna' });
  for (const [width, height] of [
    [390, 844],
    [390, 480],
    [844, 390],
    [390, 844],
  ] as const) {
    await page.setViewportSize({ width, height });
    await soon(() => isInView(page, newest)).toBe(true);
  }
  await field.fill('a\nb\nc\nd\ne\nf\ng');
  await soon(() => isInView(page, newest)).toBe(true);
  expect(await arrow(page).count()).toBe(0);
  await field.fill('');
  // Whoever reads further up stays there, and is shown the way.
  await timeline(page).hover();
  await page.mouse.wheel(0, -200);
  await arrow(page).waitFor();
  await page.setViewportSize({ width: 390, height: 480 });
  await soon(() => isInView(page, newest)).toBe(false);
  await arrow(page).click();
  await soon(() => isInView(page, newest)).toBe(true);
  await page.setViewportSize({ width: 1280, height: 800 });
});

/** How wide the sign of an own message is drawn, in the units of its box of 16; not a number where it leaves the box. */
const signWidth = (page: Page, text: string): Promise<number> =>
  bubble(page, text)
    .locator('svg')
    .evaluate((svg) => {
      const boxes = [...svg.querySelectorAll('path')].map((path) => path.getBBox());
      const right = Math.max(...boxes.map(({ x, width }) => x + width));
      return right > 16 ? Number.NaN : right - Math.min(...boxes.map(({ x }) => x));
    });

test('sent is one tick, delivered two, read two that are filled', async () => {
  const { page } = bert;
  await write(page, 'Two ticks, please');
  await waitForStatus(page, 'Two ticks, please', 'Delivered');
  const delivered = await signWidth(page, 'Two ticks, please');
  await shoot(page, 'tick-delivered');
  const { position } = await anna.until('the message', () => anna.rows(bertId).find(({ mine }) => !mine));
  await anna.messenger.markRead(bertId, position);
  await waitForStatus(page, 'Two ticks, please', 'Read');
  await shoot(page, 'tick-read');
  await anna.close();
  await write(page, 'One is enough');
  await waitForStatus(page, 'One is enough', 'Sent');
  await shoot(page, 'tick-sent');
  expect(delivered).toBeGreaterThan(1.3 * (await signWidth(page, 'One is enough')));
});
