// The client, built when one of its sources changed. A running relay keeps its files open or is served the new ones; names carry hashes.
import { createHash } from 'node:crypto';
import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, readdirSync, readFileSync, renameSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { ownNode } from './own-node.mjs';
import { inProject, root, Sentence } from './project.mjs';

const PAGE = 'dist/client';
const STAMP = 'dist/client.sha256';
const SOURCES = ['client', 'crypto', 'server/protocol', 'vite.config.ts', 'tsconfig.base.json', 'package-lock.json'];

/** @param {string} path @returns {string[]} */
export function filesUnder(path) {
  if (!existsSync(inProject(path))) return [];
  if (statSync(inProject(path)).isFile()) return [path];
  return readdirSync(inProject(path)).flatMap((name) => filesUnder(`${path}/${name}`));
}

/** @param {string[]} paths files and folders, from the project's root */
export function hashOfFiles(paths) {
  const hash = createHash('sha256');
  for (const path of paths.flatMap(filesUnder).sort())
    hash
      .update(`${path}\0`)
      .update(readFileSync(inProject(path)))
      .update('\0');
  return hash.digest('hex');
}

const hashOfSources = () => hashOfFiles(SOURCES);

export function pageStands() {
  if (!existsSync(inProject('client/index.html'))) return true;
  try {
    return existsSync(inProject(PAGE, 'index.html')) && readFileSync(inProject(STAMP), 'utf8') === hashOfSources();
  } catch {
    return false;
  }
}

export function buildPage() {
  const startedAt = Date.now();
  const hash = hashOfSources();
  const next = `${PAGE}.next`;
  const last = `${PAGE}.last`;
  console.log('Building the page…');
  const vite = [inProject('node_modules/vite/bin/vite.js'), 'build', '--configLoader', 'native', '--logLevel', 'warn'];
  const { status } = spawnSync(ownNode(), [...vite, '--outDir', inProject(next)], { cwd: root, stdio: 'inherit' });
  if (status !== 0) throw new Sentence('The page could not be built: see above.');
  mkdirSync(inProject('dist'), { recursive: true });
  rmSync(inProject(STAMP), { force: true });
  rmSync(inProject(last), { recursive: true, force: true });
  if (existsSync(inProject(PAGE))) renameSync(inProject(PAGE), inProject(last));
  renameSync(inProject(next), inProject(PAGE));
  rmSync(inProject(last), { recursive: true, force: true });
  writeFileSync(inProject(STAMP), hash);
  console.log(`Page built in ${((Date.now() - startedAt) / 1000).toFixed(1)} s.`);
}
