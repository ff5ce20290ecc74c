import type { Page } from 'playwright-core';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { createPerson, inviteOf, type Person as Engine, signUp as signUpEngine } from '../support/engine-person.ts';
import { acceptRequest, createGroup, makeInvite, removeMember } from '../support/page-acts.ts';
import {
  accessibilityFaults,
  bubble,
  conversations,
  openRow,
  type Person,
  person,
  signUp,
  timeline,
  write,
} from '../support/person-at-browser.ts';
import { type RunningRelay, startRelay } from '../support/relay.ts';
import { shoot } from '../support/shoot.ts';

// How one gets to places on the page and back, and where the focus is then. Bert sits at the page, the others are engines.
let relay: RunningRelay;
let bert: Person;
let anna: Engine;
let carla: Engine;
let bertId: string;

const focused = (page: Page): Promise<string> =>
  page.evaluate(() => {
    const { activeElement: active } = document;
    return active === document.body ? 'nothing' : (active?.getAttribute('aria-label') ?? active?.textContent ?? '');
  });
const pathOf = (page: Page): string => new URL(page.url()).hash;

async function joins(name: string): Promise<Engine> {
  const [code = ''] = (await makeInvite(bert.page)).split('/#/join/')[1]?.split('/') ?? [];
  const engine = createPerson({ origin: relay.origin });
  await signUpEngine(engine, name, inviteOf(code));
  await engine.messenger.openDirect(bertId);
  return engine;
}

async function confirm(page: Page, act: string): Promise<void> {
  await page.getByRole('dialog').getByRole('button', { name: act, exact: true }).click();
  await page.getByRole('dialog').waitFor({ state: 'detached' });
}

beforeAll(async () => {
  [relay, bert] = await Promise.all([startRelay(), person('bert')]);
});

afterAll(async () => {
  for (const one of [anna, carla]) await one?.close();
  await bert?.forget();
  await relay?.stop();
});

test('at the door the focus is where reading goes on, and a contact link says what it is for', async () => {
  const { page } = bert;
  await page.goto(`${relay.origin}/#/c/${'a'.repeat(43)}/anna`);
  await page.getByRole('heading', { name: /^A contact link of .*anna/ }).waitFor();
  await shoot(page, 'contact-link-without-account');
  // Whoever makes a link must not put words into the page's mouth.
  await page.goto(`${relay.origin}/#/c/${'a'.repeat(43)}/${encodeURIComponent('nobody any more. Call 555')}`);
  await page.getByRole('heading', { name: 'A contact link', exact: true }).waitFor();
  await page.goto(`${relay.origin}/#/join/${'b'.repeat(22)}`);
  await page.getByRole('heading', { name: 'This invite does not work' }).waitFor();
  await expect.poll(() => focused(page)).toBe('This invite does not work');
  await signUp(bert, `${relay.origin}/#/join/${relay.firstInvite}`, async (step) => {
    if (step !== 'words') return;
    await expect.poll(() => focused(page)).toBe('Your recovery key');
    await page.getByRole('button', { name: 'I wrote them down' }).click();
    await expect.poll(() => focused(page)).toBe('Word 1');
    await page.getByRole('button', { name: 'Confirm' }).click();
    await page.getByText('Word 1 is still missing.').waitFor();
    await page.getByRole('button', { name: 'Show the words again' }).click();
  });
  // Alone on a relay, the first thing is to invite somebody.
  await page.getByText('It is quiet here').waitFor();
  await shoot(page, 'alone');
  await page.getByRole('navigation').getByRole('button', { name: 'Invite someone' }).click();
  bertId = (await page.getByRole('textbox', { name: 'Invite link' }).inputValue()).split('/').at(-2) ?? '';
  await page.keyboard.press('Escape');
  [anna, carla] = [await joins('anna'), await joins('carla')];
});

test('a deleted request stays closed when that person writes again; deleting and blocking ask first', async () => {
  const { page } = bert;
  await anna.say(bertId, 'May I?');
  await openRow(page, 'anna');
  await page.getByRole('button', { name: 'Delete', exact: true }).click();
  await page.getByRole('dialog', { name: 'Delete this conversation?' }).waitFor();
  await confirm(page, 'Delete');
  await page.getByText('Choose a conversation').waitFor();
  expect(pathOf(page)).toMatch(/^(?:#\/?)?$/);
  await anna.say(bertId, 'May I now?');
  await conversations(page).getByText('May I now?').waitFor();
  expect(await timeline(page).count()).toBe(0);

  await openRow(page, 'anna');
  await page.getByRole('button', { name: 'Block', exact: true }).click();
  await page.getByRole('dialog', { name: /^Block .*anna/ }).waitFor();
  await shoot(page, 'block-asks');
  await confirm(page, 'Block');
  await expect.poll(() => focused(page)).toBe('Unblock');
  // Unblocked, it is the request that it was.
  await page.getByRole('button', { name: 'Unblock' }).click();
  await acceptRequest(page, 'anna');
});

test('the arrow back leads to the list, and Escape closes what is on top', async () => {
  const { page } = bert;
  await carla.say(bertId, 'Carla here');
  await acceptRequest(page, 'carla');
  await page.setViewportSize({ width: 640, height: 800 });
  await page.getByRole('button', { name: 'Back to conversations' }).click();
  await openRow(page, 'anna');
  await page.keyboard.press('Control+k');
  await page.getByRole('combobox').fill('carla');
  await page.keyboard.press('Enter');
  await page.getByRole('textbox', { name: 'Message to carla' }).waitFor();
  await page.getByRole('button', { name: 'Back to conversations' }).click();
  await conversations(page).waitFor();
  expect(await page.getByRole('main').isVisible()).toBe(false);
  await page.setViewportSize({ width: 1280, height: 800 });

  await openRow(page, 'carla');
  await write(page, 'Good to hear');
  await page.getByRole('button', { name: 'New conversation' }).click();
  await page.getByRole('menu').waitFor();
  await page.keyboard.press('Escape');
  await page.getByRole('menu').waitFor({ state: 'detached' });
  expect(await timeline(page).count()).toBe(1);
  await page.getByRole('textbox', { name: 'Message to carla' }).press('Escape');
  await page.getByText('Choose a conversation').waitFor();
  await expect.poll(() => focused(page)).toMatch(/carla/);
});

test('messages take one stop of the Tab key; arrows go through them and Enter opens their menu', async () => {
  const { page } = bert;
  await openRow(page, 'carla');
  await timeline(page).focus();
  await page.keyboard.press('ArrowUp');
  await expect.poll(() => focused(page)).toMatch(/^You, /);
  await page.keyboard.press('ArrowUp');
  await expect.poll(() => focused(page)).toMatch(/^carla, /);
  await page.keyboard.press('Enter');
  await page.getByRole('menuitem', { name: 'Copy text' }).waitFor();
  await shoot(page, 'menu-by-keyboard');
  await page.keyboard.press('Escape');
  await page.getByRole('menu').waitFor({ state: 'detached' });
  await expect.poll(() => focused(page)).toMatch(/^carla, /);
  await page.keyboard.press('Tab');
  await expect.poll(() => focused(page)).toMatch(/^Message to /);
});

test('a finger that rests on a message opens its menu, one that moves does not', async () => {
  const { page } = bert;
  const touch = { pointerType: 'touch', isPrimary: true, pointerId: 7, clientX: 400, clientY: 300 };
  const message = bubble(page, 'Carla here');
  await message.dispatchEvent('pointerdown', touch);
  await message.dispatchEvent('pointermove', { ...touch, clientY: 340 });
  await message.dispatchEvent('pointerup', touch);
  await message.dispatchEvent('pointerdown', touch);
  await page.getByRole('menuitem', { name: 'Message info' }).waitFor();
  expect(await page.getByRole('menu').count()).toBe(1);
  await message.dispatchEvent('pointerup', touch);
  await page.keyboard.press('Escape');
});

test('from a member of a group to a conversation and back is the list; who left a group keeps the focus', async () => {
  const { page } = bert;
  await createGroup(page, 'Quay', ['anna', 'carla']);
  await page.setViewportSize({ width: 390, height: 844 });
  await page.getByRole('button', { name: 'Details', exact: true }).click();
  await page.getByRole('button', { name: 'More about anna' }).click();
  await page.getByRole('menuitem', { name: 'Write a message' }).click();
  await page.getByRole('textbox', { name: 'Message to anna' }).waitFor();
  await page.getByRole('button', { name: 'Back to conversations' }).click();
  await conversations(page).waitFor();
  expect(await page.getByRole('main').isVisible()).toBe(false);
  await page.setViewportSize({ width: 1280, height: 800 });

  await openRow(page, 'Quay');
  await page.getByRole('main').getByRole('button', { name: 'Details', exact: true }).click();
  await page.getByRole('button', { name: 'Leave group' }).click();
  await page.getByRole('dialog', { name: 'Name another admin first' }).waitFor();
  await page.getByRole('checkbox', { name: 'anna' }).check({ force: true });
  await page.getByRole('button', { name: 'Make admin and leave' }).click();
  await page.getByRole('dialog').waitFor({ state: 'detached' });
  await page.getByText('You are not a member').waitFor();
  await expect.poll(() => focused(page)).toMatch(/^Members/);
  await shoot(page, 'left-group');
  await page.getByRole('button', { name: 'Delete conversation' }).click();
  await page.getByText('The other members keep theirs.').waitFor();
  await confirm(page, 'Delete');
  await page.getByText('Choose a conversation').waitFor();
});

test('a group is left and deleted in one step, by its only admin after another was named', async () => {
  const { page } = bert;
  await createGroup(page, 'Harbour', ['anna', 'carla']);
  await removeMember(page, 'anna');
  await page.getByRole('heading', { name: /Members · 2/ }).waitFor();
  await expect.poll(() => focused(page)).toMatch(/^Members/);
  await page.getByRole('button', { name: 'Leave and delete' }).click();
  await page.getByRole('dialog', { name: 'Name another admin first' }).waitFor();
  await page.keyboard.press('Escape');
  await page.getByRole('button', { name: 'More about carla' }).click();
  await page.getByRole('menuitem', { name: 'Make admin' }).click();
  await page.getByRole('listitem').filter({ hasText: 'carla' }).getByText('Admin', { exact: true }).waitFor();
  await page.getByRole('button', { name: 'Leave and delete' }).click();
  await page.getByRole('dialog', { name: 'Leave and delete this group?' }).waitFor();
  await shoot(page, 'leave-and-delete');
  await confirm(page, 'Leave and delete');
  await page.getByText('Choose a conversation').waitFor();
  expect(await conversations(page).getByText('Harbour').count()).toBe(0);
  expect(await accessibilityFaults(page)).toEqual([]);
  expect(bert.complaints).toEqual([]);
});
