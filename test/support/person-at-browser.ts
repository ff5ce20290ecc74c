// Somebody at a browser: a real profile, and the page's own words to find what to press.
import { createRequire } from 'node:module';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type Axe from 'axe-core';
import type { BrowserContext, Locator, Page } from 'playwright-core';
import { launchProfile } from './browser.ts';

// Into every page before its own scripts, by the browser's own door: the page's policy would let no script tag in.
const AXE = createRequire(import.meta.url).resolve('axe-core/axe.min.js');

export const PASSPHRASE = 'unlikely lantern meadow orbit';
const PATIENCE_MS = 20_000;

type Look = {
  dark?: boolean;
  phone?: boolean;
  /** The relay's name, where something speaks https for it with a certificate that no browser knows. */
  https?: string;
};

export type Person = {
  name: string;
  page: Page;
  /** What the page complained about: errors it threw, policies it broke, requests that left the relay. */
  complaints: string[];
  /** Closes the whole browser. */
  quit(): Promise<void>;
  /** A browser on the same profile again. */
  comeBack(origin: string): Promise<void>;
  /** As when a tab is closed or crashes: nothing is said to it before. */
  closeTab(): Promise<void>;
  forget(): Promise<void>;
};

export async function person(name: string, look: Look = {}): Promise<Person> {
  const folder = mkdtempSync(join(tmpdir(), 'sottovoce-person-'));
  const complaints: string[] = [];
  let context: BrowserContext;

  async function open(): Promise<Page> {
    context = await launchProfile(folder, {
      viewport: look.phone ? { width: 390, height: 844 } : { width: 1280, height: 800 },
      colorScheme: look.dark ? 'dark' : 'light',
      reducedMotion: 'reduce',
      ignoreHTTPSErrors: look.https !== undefined,
    });
    context.setDefaultTimeout(PATIENCE_MS);
    await context.addInitScript({ path: AXE });
    return watched(context.pages()[0] ?? (await context.newPage()));
  }

  function watched(page: Page): Page {
    page.on('pageerror', (error) => complaints.push(`${name}: ${error.message}`));
    page.on('console', (line) => {
      if (/content security policy|trusted ?type/i.test(line.text())) complaints.push(`${name}: ${line.text()}`);
    });
    page.on('request', (request) => {
      const { protocol, hostname } = new URL(request.url());
      if (/^(?:https?|wss?):$/.test(protocol) && hostname !== (look.https ?? 'localhost')) complaints.push(`${name}: asked ${hostname}`);
    });
    return page;
  }

  const self: Person = {
    name,
    page: await open(),
    complaints,
    quit: () => context.close(),
    async comeBack(origin) {
      self.page = await open();
      await self.page.goto(origin);
    },
    async closeTab() {
      const next = await context.newPage();
      await self.page.close({ runBeforeUnload: false });
      self.page = watched(next);
    },
    async forget() {
      await context.close().catch(() => undefined);
      rmSync(folder, { recursive: true, force: true, maxRetries: 3 });
    },
  };
  return self;
}

/** Follows an invite link to the first look at the conversations; returns the twelve words. */
export async function signUp(
  { page, name }: Person,
  inviteLink: string,
  steps?: (step: 'name' | 'passphrase' | 'words') => Promise<void>,
): Promise<string[]> {
  await page.goto(inviteLink);
  await page.getByLabel('Username').fill(name);
  await steps?.('name');
  await page.getByRole('button', { name: 'Continue' }).click();
  await page.getByLabel('Passphrase', { exact: true }).fill(PASSPHRASE);
  await steps?.('passphrase');
  await page.getByRole('button', { name: 'Create account' }).click();
  const list = page.getByRole('list', { name: 'Recovery key, twelve words' });
  await list.waitFor();
  const words = await list.getByRole('listitem').allInnerTexts();
  await steps?.('words');
  await page.getByRole('button', { name: 'Do this later' }).click();
  await conversations(page).waitFor();
  return words;
}

export async function unlock({ page }: Person, passphrase: string = PASSPHRASE): Promise<void> {
  await page.getByLabel('Passphrase', { exact: true }).fill(passphrase);
  await page.getByRole('button', { name: 'Unlock' }).click();
}

export const conversations = (page: Page): Locator => page.getByRole('navigation', { name: 'Conversations' });
export const timeline = (page: Page): Locator => page.getByRole('log', { name: 'Messages' });
const composer = (page: Page): Locator => page.getByRole('textbox', { name: /^Message to / });

/** The bubble that holds exactly this text. */
export const bubble = (page: Page, text: string): Locator => timeline(page).getByRole('article').filter({ hasText: text });

export async function write(page: Page, text: string): Promise<void> {
  await composer(page).fill(text);
  await composer(page).press('Enter');
}

/** Waits until an own bubble says so: Sent, Delivered or Read. */
export async function waitForStatus(page: Page, text: string, status: 'Sent' | 'Delivered' | 'Read'): Promise<void> {
  await bubble(page, text).getByRole('img', { name: status, exact: true }).waitFor();
}

/** The row of exactly this conversation, whatever its last line says. */
const row = (page: Page, title: string): Locator =>
  conversations(page)
    .getByRole('button')
    .filter({ has: page.locator('bdi').getByText(title, { exact: true }) });

export async function openRow(page: Page, title: string): Promise<void> {
  await row(page, title).click();
  await page.getByRole('main').getByRole('heading', { name: title, exact: true }).waitFor();
}

/** What axe finds wrong with the page as it stands, by WCAG 2.2 A and AA. */
export async function accessibilityFaults(page: Page): Promise<string[]> {
  const { violations } = await page.evaluate(() =>
    (globalThis as unknown as { axe: typeof Axe }).axe.run({ runOnly: ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa'] }),
  );
  return violations.map(({ id, nodes }) => `${id}: ${nodes.map(({ html }) => html).join(' ')}`);
}

/** All texts of the timeline as they stand, from top to bottom. Short conversations only: the list is virtual. */
export async function textsIn(page: Page): Promise<string[]> {
  return timeline(page)
    .getByRole('article')
    .locator('[dir=auto]')
    .evaluateAll((spans) =>
      spans
        .map((span) => ({ top: span.getBoundingClientRect().top, text: span.textContent ?? '' }))
        .sort((one, other) => one.top - other.top)
        .map(({ text }) => text),
    );
}
