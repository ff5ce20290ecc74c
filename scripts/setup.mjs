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

/**
 * What one command needs besides the tests' packages, in a folder of its own with its own lock, so that nobody else downloads it.
 * @param {string} folder
 * @param {string} what it is and how large, for the one line that says why this takes a while
 */
export async function setupBeside(folder, what) {
  await setupPackages('test');
  if (packagesStand('start', folder)) return;
  await oneAtATime(async () => {
    if (!packagesStand('start', folder)) await installFolder(folder, what);
  });
}
