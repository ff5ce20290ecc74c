// Brings a clone to where it can run (`start`) or be tested (`test`), and does nothing where nothing changed.
import { oneAtATime } from './setup/one-at-a-time.mjs';
import { ownNode } from './setup/own-node.mjs';
import { installPackages, packagesStand } from './setup/packages.mjs';
import { buildPage, pageStands } from './setup/page.mjs';

/** @param {import('./setup/packages.mjs').Mode} mode @returns {Promise<string>} the project's own Node */
export async function setup(mode) {
  if (!packagesStand(mode) || !pageStands()) {
    await oneAtATime(async () => {
      if (!packagesStand(mode)) await installPackages(mode);
      if (!pageStands()) buildPage();
    });
  }
  return ownNode();
}
