import { createHash } from 'node:crypto';
import { join, resolve } from 'node:path';

const SOCKET_FILE = 'relay.sock';

// sun_path of <sys/un.h>, its closing zero counted.
const MAX_PATH_BYTES: Partial<Record<NodeJS.Platform, number>> = { linux: 108, darwin: 104, freebsd: 104, openbsd: 104 };

/** Where the relay of this data folder listens for commands; `tooLong` when the system allows no such path. */
export function socketAddress(dataDir: string): { path: string; tooLong: boolean } {
  if (process.platform === 'win32') {
    const digest = createHash('sha256').update(resolve(dataDir).toLowerCase()).digest('hex');
    return { path: `\\\\.\\pipe\\sottovoce-${digest.slice(0, 32)}`, tooLong: false };
  }
  const path = join(resolve(dataDir), SOCKET_FILE);
  return { path, tooLong: Buffer.byteLength(path) + 1 > (MAX_PATH_BYTES[process.platform] ?? 104) };
}
