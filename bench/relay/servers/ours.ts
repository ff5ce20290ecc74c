/** The relay as `npm start` runs it, with the limits by address and rate of a machine on which thousands are played by one. */
import { join } from 'node:path';
import { RELAY_FLAGS } from '../../../scripts/setup/own-node.mjs';
import { granted, login, register } from '../../../test/support/relay-device.ts';
import { now, wait } from '../clock.ts';
import type { Fleet } from '../fleet.ts';
import type { Server } from './contender.ts';
import { serverFolder } from './folder.ts';
import { freePort, run, untilListening } from './process.ts';

const PROJECT = join(import.meta.dirname, '..', '..', '..');
const ONE_MACHINE_FOR_MANY = {
  SOTTOVOCE_RATE_FACTOR: '100000',
  SOTTOVOCE_MAX_SOCKETS: '100000',
  SOTTOVOCE_MAX_SOCKETS_PER_ADDRESS: '100000',
};
const USES = 50;
// The relay keeps so many invites open at a time.
const OPEN_INVITES = 18;

export type Ours = Server & { restart(): Promise<void>; dataDir: string };

function launch(port: number, dataDir: string, nodeArgs: readonly string[]) {
  return run(process.execPath, [...RELAY_FLAGS, ...nodeArgs, join(PROJECT, 'server/main.ts'), 'serve'], {
    cwd: PROJECT,
    env: { ...process.env, ...ONE_MACHINE_FOR_MANY, SOTTOVOCE_PORT: String(port), SOTTOVOCE_DATA: dataDir },
  });
}

async function firstInviteOf(server: ReturnType<typeof run>): Promise<string> {
  for (const latest = now() + 10_000; now() < latest; await wait(5)) {
    const invite = /^invite .*\/#\/join\/([\w-]+)$/m.exec(server.output())?.[1];
    if (invite) return invite;
  }
  throw new Error(`the relay printed no invite: ${server.output()}`);
}

/** `nodeArgs` are for profiling. */
export async function startOurs(nodeArgs: readonly string[] = []): Promise<Ours> {
  const port = await freePort();
  const origin = `http://localhost:${port}`;
  const folder = await serverFolder();
  const dataDir = folder.path;
  let server = launch(port, dataDir, nodeArgs);
  await untilListening(server, port, 'the relay');
  const admin = await register(origin, await firstInviteOf(server), 'bench_admin', []);

  async function signUp(fleet: Fleet, count: number): Promise<void> {
    const token = await login(origin, admin);
    while (fleet.known() < count) {
      const from = fleet.known();
      const chunks: number[][] = [];
      for (let at = from; at < count && chunks.length < OPEN_INVITES; at += USES) {
        chunks.push(Array.from({ length: Math.min(USES, count - at) }, (_, index) => at + index));
      }
      await Promise.all(
        chunks.map(async (devices) => {
          const { invite } = await granted(origin, 'invites/create', { uses: devices.length }, token);
          await fleet.signUp(devices, invite);
        }),
      );
    }
  }

  return {
    name: 'ours',
    adapter: 'ours',
    target: { port, origin },
    dataDir,
    roots: () => [server.pid],
    signUp,
    async restart() {
      await server.stop();
      server = launch(port, dataDir, nodeArgs);
      await untilListening(server, port, 'the relay');
    },
    async stop() {
      await server.stop();
      await folder.remove();
    },
  };
}
