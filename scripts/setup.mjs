// Brings a clone to where it can run (`start`) or be tested (`test`), and does nothing where nothing changed.
import { oneAtATime } from './setup/one-at-a-time.mjs';
import { ownNode } from './setup/own-node.mjs';
import { installFolder, installPackages, packagesStand } from './setup/packages.mjs';
import { buildPage, pageStands } from './setup/page.mjs';

/** @typedef {import('./setup/packages.mjs').Mode} Mode */

/** @param {Mode} mode @returns {Promise<string>} the project's own Node */
export async function setupPackages(mode) {
  if (!packagesStand(mode)) {
    await oneAtATime(async () => {
      if (!packagesStand(mode)) await installPackages(mode);
    });
  }
  return ownNode();
}

/** @param {Mode} mode @returns {Promise<string>} the project's own Node */
export async function setup(mode) {
  const node = await setupPackages(mode);
  if (!pageStands()) {
    await oneAtATime(async () => {
      if (!pageStands()) buildPage();
    });
  }
  return node;
}

const INTEROP = 'test/interop';

/** What `npm run test:interop` needs besides the tests' packages. @returns {Promise<string>} the project's own Node */
export async function setupInterop() {
  const node = await setupPackages('test');
  if (!packagesStand('start', INTEROP)) {
    await oneAtATime(async () => {
      if (!packagesStand('start', INTEROP)) await installFolder(INTEROP, "Signal's own library in four versions (490 MB on disk, once)");
    });
  }
  return node;
}
