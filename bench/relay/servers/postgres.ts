/** A PostgreSQL cluster of its own with the settings initdb makes, which sync every commit. */
import { execFileSync, spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { serverFolder } from './folder.ts';
import { folders, program, unprivileged } from './installed.ts';
import { freePort, run, untilReady } from './process.ts';

export type Postgres = { port: number; pid: number; user: string; database: string; load(file: string): void; stop(): Promise<void> };

const USER = 'bench';
const DATABASE = 'postgres';

export async function startPostgres(): Promise<Postgres> {
  const places = folders('/usr/lib/postgresql', /^\d+$/, 'bin').toReversed();
  const tool = (name: string): string =>
    program(
      'PostgreSQL',
      'postgresql',
      places.map((place) => join(place, name)),
    );
  const user = unprivileged('postgres');
  const folder = await serverFolder(user);
  const data = join(folder.path, 'data');
  const options = { ...user, cwd: folder.path, stdio: ['ignore', 'pipe', 'pipe'] as ['ignore', 'pipe', 'pipe'] };
  execFileSync(tool('initdb'), ['-D', data, '-U', USER, '-A', 'trust', '-E', 'UTF8', '--locale=C'], options);
  const port = await freePort();
  const settings = ['-c', 'listen_addresses=127.0.0.1', '-c', `unix_socket_directories=${folder.path}`];
  const server = run(tool('postgres'), ['-D', data, '-p', String(port), ...settings], { ...user, cwd: folder.path });
  // It takes connections before it takes orders, so it is asked.
  const asks = ['-h', '127.0.0.1', '-p', String(port), '-U', USER, '-d', DATABASE];
  await untilReady(server, 'PostgreSQL', async () => spawnSync(tool('pg_isready'), ['-q', ...asks], options).status === 0);
  return {
    port,
    pid: server.pid,
    user: USER,
    database: DATABASE,
    load(file) {
      execFileSync(tool('psql'), ['-q', '-v', 'ON_ERROR_STOP=1', ...asks, '-f', file], options);
    },
    async stop() {
      // SIGINT: "fast shutdown", which does not wait for clients.
      await server.stop('SIGINT');
      await folder.remove();
    },
  };
}
