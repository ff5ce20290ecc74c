/**
 * A machine for a guide: its commands are run by a real shell with real files, programs and services, but its folders lie below a temporary
 * one, its network is loopback, and what only the outside world or root can do is done by `programs.ts`.
 */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { chmodSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import { type AddressInfo, createServer as createTcpServer } from 'node:net';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { json } from 'node:stream/consumers';
import type { Answer } from './caller.ts';
import type { Block } from './guide.ts';
import { issue, type Program, programs } from './programs.ts';
import { type Place, services } from './services.ts';

const project = dirname(dirname(dirname(import.meta.dirname)));
const MOVED = /(?<![\w./:-])\/(?=(?:usr\/local|etc|var)\/)/g;

/** These need no answer from the test's process. Users cannot be made here, so everything belongs to one. */
const SHELL_PROGRAMS = {
  sudo: 'if [ "$1" = -u ]; then shift 2; fi\nexec "$@"\n',
  // The one of the system, which `command -p` finds.
  install: `kept=()
while [ $# -gt 0 ]; do
  case $1 in -o|-g) shift 2;; *) kept+=("$1"); shift;; esac
done
command -p install "\${kept[@]}"
`,
};

export type Done = { heading: string; said: string; commands: string[]; ran: number };

async function freePort(): Promise<number> {
  const server = createTcpServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  server.close();
  await once(server, 'close');
  return port;
}

function putPrograms(folder: string, socket: string, names: string[]): void {
  mkdirSync(folder);
  const put = (name: string, text: string): void => writeFileSync(join(folder, name), `#!/bin/bash\n${text}`, { mode: 0o755 });
  for (const [name, text] of Object.entries(SHELL_PROGRAMS)) put(name, text);
  const caller = join(import.meta.dirname, 'caller.ts');
  for (const name of names) put(name, `exec '${process.execPath}' '${caller}' '${socket}' ${name} "$@"\n`);
}

async function answer(known: Record<string, Program>, request: IncomingMessage): Promise<Answer> {
  const [name = '', ...args] = (await json(request)) as string[];
  try {
    return { code: 0, said: (await known[name]?.(...args)) ?? '' };
  } catch (error) {
    return { code: 1, said: `${String(error)}\n` };
  }
}

export async function machine(domain: string) {
  const top = mkdtempSync(join(tmpdir(), 'sottovoce-host-'));
  const root = join(top, 'root');
  const bin = join(top, 'bin');
  for (const path of ['etc/systemd/system', 'usr/local/bin', 'usr/local/lib', 'var/lib', 'var/backups'])
    mkdirSync(join(root, path), { recursive: true });
  chmodSync(top, 0o755);
  const port = await freePort();
  const origin = `https://localhost:${port}`;
  const place: Place = {
    root,
    move: (text) => text.replace(MOVED, `${root}/`),
    env: {
      PATH: `${bin}:${join(root, 'usr/local/bin')}:${process.env['PATH']}`,
      HOME: top,
      LANG: 'C.UTF-8',
      SOTTOVOCE_CONFIG: join(root, 'etc/sottovoce/sottovoce.conf'),
      // So that it says when a new certificate is in place.
      SOTTOVOCE_LOG: 'info',
    },
  };
  const units = services(place);
  const known = programs(place, units);
  const socket = join(top, 'programs');
  const server = createServer((request, response: ServerResponse) => {
    void answer(known, request).then((told) => response.end(JSON.stringify(told)));
  }).listen(socket);
  await once(server, 'listening');
  putPrograms(bin, socket, Object.keys(known));
  const shells = new Set<number>();

  const here = (command: string): string =>
    place
      .move(command)
      .replaceAll(`https://${domain}`, origin)
      .replaceAll(domain, 'localhost')
      .replaceAll('SOTTOVOCE_PORT=443', `SOTTOVOCE_PORT=${port}`)
      .replaceAll('SOTTOVOCE_HOST=::', 'SOTTOVOCE_HOST=127.0.0.1');

  return {
    origin,
    port,
    units,
    path: (path: string): string => join(root, path),
    /** One block in one shell, which ends at the first command that fails; `ran` counts those that did not. */
    async run({ heading, commands }: Block): Promise<Done> {
      // The folder that the guide has cloned is where every block begins.
      const script = [
        'set -euo pipefail',
        'cd() { [ "$1" = sottovoce ]; }',
        ...commands.map((command) => `${here(command)}\necho >&3`),
      ].join('\n');
      const stdio = ['ignore', 'pipe', 'pipe', 'pipe'] as const;
      const shell = spawn('bash', ['-c', script], { cwd: project, env: place.env, stdio: [...stdio], detached: true });
      shells.add(shell.pid ?? 0);
      let [said, marks] = ['', ''];
      for (const stream of [shell.stdout, shell.stderr]) stream?.setEncoding('utf8').on('data', (text: string) => (said += text));
      shell.stdio[3]?.on('data', (chunk) => (marks += String(chunk)));
      await once(shell, 'close');
      shells.delete(shell.pid ?? 0);
      const ran = marks.length;
      if (ran < commands.length) throw new Error(`${heading}: "${commands[ran]}" failed:\n${said}`);
      return { heading, said, commands, ran };
    },
    /** As certbot's own timer does; answers the new certificate. */
    renew: (hook: string): Promise<string> => issue(place, 'localhost', hook),
    async remove(): Promise<void> {
      // Each leads a group of its own, with all that it has started.
      for (const pid of shells) process.kill(-pid, 'SIGKILL');
      await units.end();
      server.closeAllConnections();
      server.close();
      rmSync(top, { recursive: true, force: true });
    },
  };
}

export type Machine = Awaited<ReturnType<typeof machine>>;
