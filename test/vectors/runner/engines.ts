/** Where the cases run: Node with OpenSSL, and a real browser, once with its WebCrypto and once with noble alone. */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { BrowserContext, Page } from 'playwright-core';
import { nodePrimitives } from '../../../client/adapters/node-primitives.ts';
import { installPrimitives } from '../../../crypto/index.ts';
import { launchProfile } from '../../support/browser.ts';
import { servePage } from '../../support/bundled-page.ts';
import type { VectorPageActions } from './page.ts';
import { runSuite, type SuiteFile, type SuiteResult } from './suite.ts';

export type Engine = { name: string; run(file: SuiteFile): Promise<SuiteResult> };

export async function nodeEngine(): Promise<Engine> {
  await installPrimitives(nodePrimitives);
  return { name: `Node ${process.versions.node} with node:crypto`, run: runSuite };
}

async function openPage(context: BrowserContext, address: string): Promise<Page> {
  const page = await context.newPage();
  const failed = new Promise<never>((_, reject) => page.once('pageerror', reject));
  await page.goto(address);
  await Promise.race([page.waitForFunction(() => 'actions' in globalThis), failed]);
  return page;
}

const runInPage = (page: Page, file: SuiteFile): Promise<SuiteResult> =>
  page.evaluate((given) => (globalThis as unknown as { actions: VectorPageActions }).actions.runSuite(given), file);

/** Both kinds of primitives in one browser, on a page each. */
export async function browserEngines(): Promise<{ engines: Engine[]; close(): Promise<void> }> {
  const profile = await mkdtemp(join(tmpdir(), 'sottovoce-vectors-'));
  const served = await servePage(join(import.meta.dirname, 'page.ts'));
  let context: BrowserContext | undefined;
  const close = async (): Promise<void> => {
    await context?.close();
    await served.close();
    await rm(profile, { recursive: true, force: true });
  };
  try {
    context = await launchProfile(profile);
    const [web, noble] = [await openPage(context, served.address), await openPage(context, served.address)];
    const installed = await web.evaluate(() => (globalThis as unknown as { actions: VectorPageActions }).actions.installWebPrimitives());
    const browser = `Chromium ${context.browser()?.version() ?? ''}`.trim();
    return {
      engines: [
        { name: `${browser} with WebCrypto and hash-wasm (${installed.join(', ')})`, run: (file) => runInPage(web, file) },
        { name: `${browser} with noble alone`, run: (file) => runInPage(noble, file) },
      ],
      close,
    };
  } catch (error) {
    await close();
    throw error;
  }
}
