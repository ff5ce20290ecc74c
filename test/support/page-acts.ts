// What people do on the page, step by step as they would.
import type { Page } from 'playwright-core';
import { openRow, timeline } from './person-at-browser.ts';

async function fromNewMenu(page: Page, item: string): Promise<void> {
  await page.getByRole('button', { name: 'New conversation' }).click();
  await page.getByRole('menuitem', { name: item }).click();
}

/** Makes an invite link and closes the dialog again. */
export async function makeInvite(page: Page): Promise<string> {
  await fromNewMenu(page, 'Invite someone');
  const link = await page.getByRole('textbox', { name: 'Invite link' }).inputValue();
  await page.getByRole('dialog').getByRole('button', { name: 'Close' }).click();
  await page.getByRole('dialog').waitFor({ state: 'detached' });
  return link;
}

/** Finds somebody by exact name and opens the conversation. */
export async function addFriendByName(page: Page, username: string): Promise<void> {
  await fromNewMenu(page, 'Find by name');
  await page.getByLabel('Username').fill(username);
  await page.getByRole('button', { name: 'Find', exact: true }).click();
  await page.getByRole('button', { name: 'Write a message' }).click();
  await timeline(page).waitFor();
}

/** Opens the request of somebody new and accepts it. */
export async function acceptRequest(page: Page, username: string): Promise<void> {
  await openRow(page, username);
  await page.getByRole('button', { name: 'Accept' }).click();
  await page.getByRole('textbox', { name: `Message to ${username}` }).waitFor();
}

export async function lockDevice(page: Page): Promise<void> {
  await page.getByRole('button', { name: 'Menu', exact: true }).click();
  await page.getByRole('menuitem', { name: 'Lock' }).click();
}

async function openDetails(page: Page): Promise<void> {
  if ((await page.getByRole('complementary', { name: 'Details' }).count()) > 0) return;
  await page.getByRole('main').getByRole('button', { name: 'Details', exact: true }).click();
  await page.getByRole('complementary', { name: 'Details' }).waitFor();
}

/** Opens the safety number with the one whose conversation is open, and reads the digits. */
export async function openSafetyNumber(page: Page): Promise<string> {
  await openDetails(page);
  await page.getByRole('button', { name: 'Compare safety number' }).click();
  const digits = await page.getByRole('list', { name: 'Safety number' }).innerText();
  return digits.replace(/\s/g, '');
}

export async function createGroup(page: Page, name: string, members: string[]): Promise<void> {
  await fromNewMenu(page, 'New group');
  await page.getByLabel('Group name').fill(name);
  for (const member of members) await page.getByRole('checkbox', { name: member }).check({ force: true });
  await page.getByRole('button', { name: 'Create group' }).click();
  await page.getByRole('textbox', { name: `Message to ${name}` }).waitFor();
}

/** From the open group. */
export async function removeMember(page: Page, username: string): Promise<void> {
  await openDetails(page);
  await page.getByRole('button', { name: `More about ${username}` }).click();
  await page.getByRole('menuitem', { name: 'Remove from group' }).click();
  await page.getByRole('dialog').getByRole('button', { name: 'Remove' }).click();
  await page.getByRole('dialog').waitFor({ state: 'detached' });
}
