// Pictures of the page as people see it: light, dark and on a phone. They lie in test-results/screenshots, or where SCREENSHOTS says.
import { mkdirSync } from 'node:fs';
import { dirname, join } from 'node:path';
import type { Page } from 'playwright-core';

const project = dirname(dirname(import.meta.dirname));
const folder = process.env['SCREENSHOTS'] ?? join(project, 'test-results', 'screenshots');

const DESKTOP = { width: 1280, height: 800 };
const PHONE = { width: 390, height: 844 };

export async function shoot(page: Page, name: string): Promise<void> {
  mkdirSync(folder, { recursive: true });
  const take = (look: string) => page.screenshot({ path: join(folder, `${name}-${look}.png`), animations: 'disabled' });
  await page.emulateMedia({ colorScheme: 'light' });
  await take('light');
  await page.emulateMedia({ colorScheme: 'dark' });
  await take('dark');
  await page.emulateMedia({ colorScheme: 'light' });
  await page.setViewportSize(PHONE);
  await take('phone');
  await page.setViewportSize(DESKTOP);
}
