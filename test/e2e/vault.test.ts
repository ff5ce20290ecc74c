/** The vault where people have it: IndexedDB and Web Locks of the real browser. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { BrowserContext, Page } from 'playwright-core';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { VAULT_STORAGE_CONTRACT } from '../contract/vault-storage.ts';
import { launchProfile } from '../support/browser.ts';
import { servePage } from '../support/bundled-page.ts';
import type { VaultPageActions } from './vault-page.ts';

const profile = mkdtempSync(join(tmpdir(), 'sottovoce-profile-'));
let served: Awaited<ReturnType<typeof servePage>>;

beforeAll(async () => {
  served = await servePage(join(import.meta.dirname, 'vault-page.ts'));
});

afterAll(async () => {
  await served.close();
  rmSync(profile, { recursive: true, force: true });
});

async function inBrowser<R>(run: (context: BrowserContext) => Promise<R>): Promise<R> {
  const context = await launchProfile(profile);
  try {
    return await run(context);
  } finally {
    await context.close();
  }
}

async function openPage(context: BrowserContext): Promise<Page> {
  const page = await context.newPage();
  const failed = new Promise<never>((_, reject) => page.once('pageerror', reject));
  await page.goto(served.address);
  await Promise.race([page.waitForFunction(() => 'actions' in globalThis), failed]);
  return page;
}

function act<A extends keyof VaultPageActions>(page: Page, action: A): Promise<Awaited<ReturnType<VaultPageActions[A]>>> {
  return page.evaluate((name) => (globalThis as unknown as { actions: VaultPageActions }).actions[name](), action) as Promise<
    Awaited<ReturnType<VaultPageActions[A]>>
  >;
}

test('IndexedDB keeps the contract of vault storage', async () => {
  const results = await inBrowser(async (context) => act(await openPage(context), 'contract'));
  expect(results).toEqual(VAULT_STORAGE_CONTRACT.map(({ name }) => [name, null]));
});

test('a vault outlives the browser', async () => {
  expect(await inBrowser(async (context) => act(await openPage(context), 'fill'))).toBe(false);
  expect(await inBrowser(async (context) => act(await openPage(context), 'reopen'))).toEqual({
    draft: 'see you',
    texts: ['text 298', 'text 299'],
    found: { position: 7, message: { id: 'm7', from: 'ann', text: 'text 7' } },
  });
});

test('one tab owns the engine; another takes over, and a closed tab leaves it', async () => {
  await inBrowser(async (context) => {
    const [first, second] = [await openPage(context), await openPage(context)];
    expect(await act(first, 'acquire')).toBe('owned');
    expect(await act(second, 'acquire')).toBe('elsewhere');
    await act(second, 'takeOver');
    expect(await act(first, 'whenLost')).toBe('lost');
    expect(await act(first, 'acquire')).toBe('elsewhere');
    await second.close();
    expect(await act(first, 'whenFree')).toBe('free');
    expect(await act(first, 'acquire')).toBe('owned');
  });
});
