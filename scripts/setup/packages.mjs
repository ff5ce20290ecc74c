import { spawn } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { basename, delimiter, dirname, join } from 'node:path';
import { alsoAtWork } from './one-at-a-time.mjs';
import { isMusl, ownNode } from './own-node.mjs';
import { inProject, root, Sentence } from './project.mjs';
import { runningRelays } from './running.mjs';

/** @typedef {'start' | 'test'} Mode what is installed: what runs, or everything */
/** @typedef {{ version?: string, integrity?: string, dev?: boolean, optional?: boolean, devOptional?: boolean, os?: string | string[], cpu?: string | string[], libc?: string | string[] }} Entry */
/** @typedef {{ packages: Record<string, Entry> }} Lock */

const DEPENDENCY_KINDS = /** @type {const} */ (['dependencies', 'devDependencies', 'optionalDependencies']);

/**
 * @param {string} path
 * @returns {any}
 */
const readJson = (path) => JSON.parse(readFileSync(inProject(path), 'utf8'));

/** @param {string} folder with a package.json and a lock, from the project's root */
function readLock(folder) {
  const lock = readJson(join(folder, 'package-lock.json'));
  const wanted = readJson(join(folder, 'package.json'));
  for (const kind of DEPENDENCY_KINDS) {
    if (JSON.stringify(sorted(lock.packages[''][kind])) !== JSON.stringify(sorted(wanted[kind]))) {
      throw new Sentence(
        `${join(folder, 'package.json')} and its package-lock.json name different packages: run \`npm install\` there, then try again.`,
      );
    }
  }
  return /** @type {Lock} */ (lock);
}

/** @param {Record<string, string>} [record] */
const sorted = (record = {}) => Object.entries(record).sort();

/** @param {string | string[] | undefined} wanted @param {string} here */
const suits = (wanted, here) => wanted === undefined || [wanted].flat().includes(here);

/**
 * Optional packages are those for one platform each, and a few that only these need.
 * @param {Entry} entry
 */
function isForAnotherPlatform({ os, cpu, libc }) {
  if (os === undefined && cpu === undefined) return true;
  return (
    !suits(os, process.platform) || !suits(cpu, process.arch) || (process.platform === 'linux' && !suits(libc, isMusl() ? 'musl' : 'glibc'))
  );
}

/**
 * npm writes down what it has installed when it is done, so that record is the stamp: no second one can disagree with it.
 * @param {Mode} mode
 * @param {string} [folder]
 */
function missingPackages(mode, folder = '') {
  const wanted = readLock(folder).packages;
  /** @type {Lock['packages']} */
  let standing = {};
  try {
    standing = readJson(join(folder, 'node_modules/.package-lock.json')).packages;
  } catch {
    // Nothing is installed, or an installation was cut short.
  }
  return Object.entries(wanted).filter(([path, entry]) => {
    if (path === '' || (entry.dev && mode === 'start')) return false;
    if ((entry.optional || entry.devOptional) && isForAnotherPlatform(entry)) return false;
    const there = standing[path];
    return !there || there.version !== entry.version || there.integrity !== entry.integrity;
  });
}

/** @param {Mode} mode @param {string} [folder] */
export const packagesStand = (mode, folder) => missingPackages(mode, folder).length === 0;

/** @param {Mode} mode */
export async function installPackages(mode) {
  const relay = runningRelays()[0];
  if (relay !== undefined && missingPackages(mode).some(([, entry]) => !entry.dev)) {
    throw new Sentence(`A relay from this folder is running (process ${relay}) and its packages must change: stop it, then try again.`);
  }
  const startedAt = Date.now();
  console.log(mode === 'start' ? 'Installing packages…' : 'Installing packages, with those for tests…');
  // `npm ci` empties node_modules first. Under a running relay `npm install` adds what is locked and leaves the rest in place.
  await npm(relay === undefined ? CLEAN : ADD, mode);
  // npm leaves out optional packages that do not support the Node it runs on, without a word. Ours supports them.
  if (!packagesStand(mode)) await npm(ADD, mode, ownNode());
  console.log(`Packages installed in ${Math.round((Date.now() - startedAt) / 1000)} s.`);
}

const CLEAN = ['ci'];
const ADD = ['install', '--no-save'];

/**
 * What one command needs and users never download stands in a folder with a lock of its own.
 * @param {string} folder
 * @param {string} what it is and how large, for the one line that says why this takes a while
 */
export async function installFolder(folder, what) {
  const startedAt = Date.now();
  console.log(`Installing ${what}…`);
  await npm(CLEAN, 'start', undefined, folder);
  console.log(`Installed in ${Math.round((Date.now() - startedAt) / 1000)} s.`);
}

/** @param {string[]} command @param {Mode} mode @param {string} [node] on which npm itself is to run @param {string} [folder] */
async function npm(command, mode, node, folder = '') {
  const args = [
    ...command,
    // Nothing needs a script: better-sqlite3 carries its addon for every platform inside its package.
    '--ignore-scripts',
    '--include=optional',
    // npm 9 copies a package that stands in this project, others link to it; the lock speaks of a link.
    '--install-links=false',
    mode === 'start' ? '--omit=dev' : '--include=dev',
    '--engine-strict=false',
    '--loglevel=error',
    '--no-audit',
    '--no-fund',
    '--no-progress',
  ];
  const env = { ...process.env };
  // What a user's npm was told for other purposes must not change what is installed here.
  for (const name of Object.keys(env)) {
    if (/^(NODE_ENV|npm_config_(nodedir|omit|include|only|production|optional|global|location|workspaces?|dry_run))$/i.test(name)) {
      delete env[name];
    }
  }
  if (node) env['PATH'] = `${dirname(node)}${delimiter}${env['PATH']}`;
  const ourNpm = process.env['npm_execpath'];
  const options = { cwd: join(root, folder), env, stdio: /** @type {['ignore', 'pipe', 'pipe']} */ (['ignore', 'pipe', 'pipe']) };
  const viaNode = ourNpm !== undefined && basename(ourNpm) === 'npm-cli.js';
  const child = viaNode
    ? spawn(node ?? process.execPath, [ourNpm, ...args], options)
    : spawn('npm', args, { ...options, shell: process.platform === 'win32' });
  if (child.pid !== undefined) alsoAtWork(child.pid);
  let said = '';
  for (const stream of [child.stdout, child.stderr]) stream.setEncoding('utf8').on('data', (text) => (said += text));
  const code = await new Promise((resolve) => child.on('error', (error) => resolve(error.message)).on('close', resolve));
  if (code !== 0) {
    console.error(said.trimEnd());
    throw new Sentence(`npm could not install the packages (${code}): see above; the network and the disk are the usual reasons.`);
  }
}
