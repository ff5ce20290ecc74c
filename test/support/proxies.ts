// Web servers that people put in front of a relay, with the configuration that docs/deploy gives them: only names, ports and paths are others.
import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { chmodSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { delimiter, dirname, join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { selfSigned } from './certificate.ts';

const FOLDER = join(dirname(dirname(import.meta.dirname)), 'docs/deploy');
const DOMAIN = 'chat.example.org';
const START_TIMEOUT_MS = 15_000;
// Debian has nginx where only root looks.
const env = { ...process.env, PATH: [process.env['PATH'], '/usr/sbin', '/usr/local/sbin'].join(delimiter) };

export type Ports = { https: number; http: number; relay: number };
export type ProxyKind = keyof typeof KINDS;
/** `authority`: the certificate that vouches for its own. */
export type StartedProxy = { authority: string; stop(): Promise<void> };

const read = (name: string): string => readFileSync(join(FOLDER, name), 'utf8');

/** Replaces what must be there. */
function replaced(text: string, changes: readonly (readonly [string, string])[]): string {
  return changes.reduce((now, [from, to]) => {
    if (!now.includes(from)) throw new Error(`"${from}" is not in the configuration`);
    return now.replaceAll(from, to);
  }, text);
}

/** The Caddyfile of README.md, below the options that a machine without the outside world needs. */
function caddyfile(folder: string, { https, http, relay }: Ports): string {
  const site = /^```\n(chat\.example\.org \{\n[\s\S]*?\n\})\n```$/m.exec(read('README.md'))?.[1] ?? '';
  const options = [
    'admin off',
    'local_certs',
    'skip_install_trust',
    `https_port ${https}`,
    `http_port ${http}`,
    `storage file_system ${folder}/caddy`,
  ];
  const told = replaced(site, [
    [DOMAIN, 'localhost'],
    ['127.0.0.1:8787', `127.0.0.1:${relay}`],
  ]);
  return `{\n\t${options.join('\n\t')}\n}\n${told}\n`;
}

function nginxConf(folder: string, { https, http, relay }: Ports): string {
  // nginx's workers are another user's.
  chmodSync(folder, 0o755);
  const { cert, key } = selfSigned(['localhost']);
  const live = join(folder, 'live/localhost');
  mkdirSync(live, { recursive: true });
  writeFileSync(join(live, 'fullchain.pem'), cert);
  writeFileSync(join(live, 'privkey.pem'), key, { mode: 0o600 });
  const site = replaced(read('nginx.conf'), [
    ['listen [::]:80;', ''],
    ['listen [::]:443 ssl;', ''],
    ['listen 80;', `listen 127.0.0.1:${http};`],
    ['listen 443 ssl;', `listen 127.0.0.1:${https} ssl;`],
    [DOMAIN, 'localhost'],
    ['/etc/letsencrypt/live', join(folder, 'live')],
    ['/var/log/nginx/error.log', join(folder, 'error.log')],
    ['127.0.0.1:8787', `127.0.0.1:${relay}`],
  ]);
  const folders = ['client_body', 'proxy', 'fastcgi', 'uwsgi', 'scgi'].map((name) => `${name}_temp_path ${folder}/${name};`);
  return `pid ${folder}/pid;\ndaemon off;\nevents {}\nhttp {\n${folders.join('\n')}\n${site}}\n`;
}

const KINDS = {
  Caddy: {
    asked: ['caddy', 'version'],
    configure: (folder: string, ports: Ports): string => caddyfile(folder, ports),
    command: (conf: string): string[] => ['caddy', 'run', '--config', conf, '--adapter', 'caddyfile'],
    authority: 'caddy/pki/authorities/local/root.crt',
  },
  nginx: {
    asked: ['nginx', '-v'],
    configure: (folder: string, ports: Ports): string => nginxConf(folder, ports),
    command: (conf: string): string[] => ['nginx', '-p', dirname(conf), '-e', join(dirname(conf), 'error.log'), '-c', conf],
    authority: 'live/localhost/fullchain.pem',
  },
} as const;

export const PROXY_KINDS = Object.keys(KINDS) as ProxyKind[];

/** What the docs' text becomes with these ports, in a folder of its own. Throws when something of it is not there to be replaced. */
export function configurationOf(kind: ProxyKind, folder: string, ports: Ports): string {
  return KINDS[kind].configure(folder, ports);
}

/** Those that this machine has. */
export function proxiesHere(): ProxyKind[] {
  return PROXY_KINDS.filter((kind) => {
    const [command, option] = KINDS[kind].asked;
    return spawnSync(command, [option], { env }).status === 0;
  });
}

const answers = (port: number): Promise<boolean> =>
  new Promise((resolve) => {
    const socket = connect(port, '127.0.0.1');
    socket.once('connect', () => resolve(true)).once('error', () => resolve(false));
    socket.once('connect', () => socket.destroy());
  });

async function end(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const closed = once(child, 'close');
  child.kill('SIGTERM');
  await closed;
}

export async function startProxy(kind: ProxyKind, ports: Ports): Promise<StartedProxy> {
  const folder = mkdtempSync(join(tmpdir(), 'sottovoce-proxy-'));
  const { command: commandOf, authority } = KINDS[kind];
  const conf = join(folder, 'configuration');
  writeFileSync(conf, configurationOf(kind, folder, ports));
  const [command = '', ...args] = commandOf(conf);
  const home = { HOME: folder, XDG_DATA_HOME: join(folder, 'data'), XDG_CONFIG_HOME: join(folder, 'config') };
  const child = spawn(command, args, { cwd: folder, env: { ...env, ...home }, stdio: ['ignore', 'ignore', 'pipe'] });
  let said = '';
  child.stderr.setEncoding('utf8').on('data', (text: string) => (said += text));
  const stop = async (): Promise<void> => {
    await end(child);
    rmSync(folder, { recursive: true, force: true });
  };
  const late = Date.now() + START_TIMEOUT_MS;
  while (!(await answers(ports.https))) {
    if (child.exitCode === null && Date.now() < late) await sleep(50);
    else {
      await stop();
      throw new Error(`${kind} does not listen:\n${said}`);
    }
  }
  return { authority: readFileSync(join(folder, authority), 'utf8'), stop };
}
