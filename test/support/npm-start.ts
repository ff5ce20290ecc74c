// The relay as a self-hoster starts it: `npm start` in the project, on a port and data folder of the test's own.
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { createServer } from 'node:net';
import type { AddressInfo } from 'node:net';
import { dirname } from 'node:path';

const project = dirname(dirname(import.meta.dirname));
// A self-hoster's environment knows nothing of the test runner.
const ordinary = Object.fromEntries(Object.entries(process.env).filter(([name]) => !/^(?:VITEST|VITE_|NODE_ENV$|TEST$)/.test(name)));
const START_TIMEOUT_MS = 60_000;

export async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  server.close();
  await once(server, 'close');
  return port;
}

export type StartedRelay = {
  origin: string;
  /** Everything it printed so far. */
  printed(): string;
  /** The first account's invite link, as printed. */
  inviteLink(): string;
  /** SIGKILL to npm, its shell and the relay alike: nothing gets a chance to tidy up. */
  kill(): Promise<void>;
  /** SIGTERM, and waits for the end. */
  stop(): Promise<void>;
};

async function end(child: ChildProcess, signal: NodeJS.Signals): Promise<void> {
  if (child.pid === undefined || child.exitCode !== null || child.signalCode !== null) return;
  const closed = once(child, 'close');
  process.kill(-child.pid, signal);
  await closed;
}

/** Resolves when the address answers. Rejects with what was printed when it ends or stays silent. */
export async function npmStart(dataDir: string, port: number): Promise<StartedRelay> {
  const child = spawn('npm', ['start'], {
    cwd: project,
    detached: true,
    env: { ...ordinary, SOTTOVOCE_PORT: String(port), SOTTOVOCE_DATA: dataDir },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let printed = '';
  const said = (chunk: Buffer) => {
    printed += chunk.toString();
  };
  child.stdout.on('data', said);
  child.stderr.on('data', said);
  const origin = `http://localhost:${port}`;
  await new Promise<void>((resolve, reject) => {
    const fail = () => reject(new Error(`npm start served nothing:\n${printed}`));
    const timeout = setTimeout(fail, START_TIMEOUT_MS);
    child.once('close', fail);
    child.stdout.on('data', () => {
      if (!printed.includes(origin)) return;
      clearTimeout(timeout);
      child.off('close', fail);
      resolve();
    });
  });
  return {
    origin,
    printed: () => printed,
    inviteLink() {
      const link = printed.match(/https?:\/\/\S+#\/join\/\S+/)?.[0];
      if (link === undefined) throw new Error(`npm start printed no invite link:\n${printed}`);
      return link;
    },
    kill: () => end(child, 'SIGKILL'),
    stop: () => end(child, 'SIGTERM'),
  };
}
