import { accessSync, constants, existsSync, statfsSync, statSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { KEY_FILE, UNFINISHED_FILE } from '../../store/data-folder.ts';
import { foreignFile } from '../../store/ownership.ts';
import { socketAddress } from '../socket-address.ts';
import { type Finding, ok, warning, wrong } from './finding.ts';
import { unreadable } from './unreadable.ts';

const ABOUT = 'data folder';

// Numbers of <linux/magic.h>. A network's locks are promises of another machine.
const NETWORK_FILE_SYSTEMS: Record<number, string> = {
  26985: 'NFS',
  20859: 'SMB',
  4283649346: 'CIFS',
  4266872130: 'SMB',
  1397113167: 'AFS',
  12805120: 'Ceph',
};

const LITTLE_BYTES = 64 * 1_048_576;
const SCARCE_BYTES = 1_024 * 1_048_576;

function writable(path: string): boolean {
  try {
    accessSync(path, constants.R_OK | constants.W_OK | constants.X_OK);
    return true;
  } catch {
    return false;
  }
}

function ownership(dataDir: string): Finding[] {
  if (process.platform === 'win32') return [];
  const foreign = foreignFile(dataDir);
  if (foreign) return [wrong(ABOUT, foreign.said, foreign.todo)];
  const { uid, mode } = statSync(dataDir);
  const me = process.getuid?.();
  if (me !== undefined && uid !== me) {
    return [warning(ABOUT, `${dataDir} belongs to user ${uid}, and this runs as ${me}.`, 'Run commands as the user the relay runs as.')];
  }
  const open = [dataDir, join(dataDir, KEY_FILE)].filter((path) => existsSync(path) && (statSync(path).mode & 0o077) !== 0);
  if (open.length === 0) return [ok(ABOUT, `Only its owner can open ${dataDir}.`)];
  const bits = (mode & 0o777).toString(8);
  return [
    warning(
      ABOUT,
      `Others on this machine may open ${open.join(' and ')} (the folder is ${bits}).`,
      `chmod 700 ${dataDir}; chmod 600 ${join(dataDir, KEY_FILE)}`,
    ),
  ];
}

function space(dataDir: string): Finding[] {
  const { type, bavail, bsize } = statfsSync(dataDir);
  const network = process.platform === 'linux' ? NETWORK_FILE_SYSTEMS[type] : undefined;
  const free = bavail * bsize;
  const said = `${Math.floor(free / 1_048_576)} MiB are free where the data is.`;
  const todo = 'Make room, or move SOTTOVOCE_DATA to a larger disk: a relay that cannot write refuses what it is handed.';
  return [
    network === undefined
      ? ok('file system', 'The data is on a disk of this machine.')
      : wrong(
          'file system',
          `The data is on ${network}, over a network, which cannot lock a database.`,
          'Move SOTTOVOCE_DATA to a local disk.',
        ),
    free < LITTLE_BYTES
      ? wrong('free space', said, todo)
      : free < SCARCE_BYTES
        ? warning('free space', said, todo)
        : ok('free space', said),
  ];
}

export function dataFolderFindings(dataDir: string): Finding[] {
  try {
    statSync(dataDir, { throwIfNoEntry: false });
  } catch (error) {
    return [unreadable(ABOUT, dataDir, error)];
  }
  if (!existsSync(dataDir)) {
    let parent = dirname(resolve(dataDir));
    while (!existsSync(parent)) parent = dirname(parent);
    if (!writable(parent))
      return [wrong(ABOUT, `${dataDir} is not there, and this user may not make it.`, `Make it, or choose another with SOTTOVOCE_DATA.`)];
    return [
      warning(
        ABOUT,
        `${dataDir} is not there yet.`,
        '"sottovoce serve" makes it. If there should be data, SOTTOVOCE_DATA points to the wrong place.',
      ),
    ];
  }
  if (!statSync(dataDir).isDirectory()) return [wrong(ABOUT, `${dataDir} is no folder.`, 'Choose another with SOTTOVOCE_DATA.')];
  if (!writable(dataDir)) return [wrong(ABOUT, `This user may not write in ${dataDir}.`, 'Run this, and the relay, as its owner.')];
  const unfinished = existsSync(join(dataDir, UNFINISHED_FILE))
    ? [wrong(ABOUT, 'A restore was interrupted.', 'Run "sottovoce restore" once more; it loses nothing.')]
    : [];
  const { path, tooLong } = socketAddress(dataDir);
  const socket = tooLong
    ? [
        warning(
          'command socket',
          `The path ${path} is longer than the system allows for a socket.`,
          'A shorter SOTTOVOCE_DATA lets commands reach a running relay.',
        ),
      ]
    : [];
  return [...unfinished, ...ownership(dataDir), ...space(dataDir), ...socket];
}
