import { type ChildProcess, spawn } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';

const PROJECT = join(import.meta.dirname, '..', '..');

/** The project's own Node when the test runs under it, which `npm test` sees to. */
const NODE = process.execPath;

export type RunningRelay = {
  origin: string;
  port: number;
  dataDir: string;
  pid: number;
  /** The code of the invite for the first account; undefined once it was used. */
  firstInvite: string | undefined;
  /** Ends the process by that signal and resolves when it is gone, with its exit code (null when a signal ended it). */
  kill(signal: NodeJS.Signals): Promise<number | null>;
  /** All that it has said so far, on standard output and standard error, restarts included. */
  said(): string;
  /** Resolves with what it has said when that first matches. */
  until(pattern: RegExp): Promise<string>;
  /** Ends the process and removes a data folder that was made here. */
  stop(): Promise<void>;
  /** The same port and data again; after `kill`, or instead of it. */
  restart(): Promise<void>;
};

export type RelayOptions = {
  dataDir?: string;
  port?: number;
  /** More environment, such as SOTTOVOCE_RATE_FACTOR: a hundredfold by default, as a test's accounts share one address. */
  env?: Record<string, string>;
};

/** A port that was free a moment ago: a restart must come back to it, so the system's choice for port 0 would not do. */
async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const address = server.address();
  await new Promise((resolve) => server.close(resolve));
  if (typeof address !== 'object' || address === null) throw new Error('no port');
  return address.port;
}

type Started = { child: ChildProcess; exited: Promise<number | null>; firstInvite: string | undefined };
type Hear = (chunk: string) => void;

function launch(port: number, dataDir: string, env: Record<string, string>, hear: Hear): Promise<Started> {
  const child = spawn(NODE, [join(PROJECT, 'server/main.ts'), 'serve'], {
    cwd: PROJECT,
    env: { ...process.env, SOTTOVOCE_RATE_FACTOR: '100', ...env, SOTTOVOCE_PORT: String(port), SOTTOVOCE_DATA: dataDir },
    // With the channel, a relay ends with the test's process, however that ends.
    stdio: ['ignore', 'pipe', 'pipe', 'ipc'],
  });
  child.channel?.unref();
  const { stdout, stderr } = child;
  if (!stdout || !stderr) throw new Error('a relay without output');
  const exited = new Promise<number | null>((resolve) => child.once('exit', resolve));
  let complaints = '';
  stderr.on('data', (chunk) => {
    complaints += String(chunk);
    hear(String(chunk));
  });
  stdout.on('data', (chunk) => hear(String(chunk)));
  return new Promise((resolve, reject) => {
    const lines = createInterface({ input: stdout });
    let firstInvite: string | undefined;
    lines.on('line', (line) => {
      // The line with the address comes last of what is printed at once: the invite, when there is one, stands before it.
      const invite = /^invite .*\/#\/join\/([\w-]+)$/.exec(line)?.[1];
      if (invite) firstInvite = invite;
      if (line === `http://localhost:${port}` || line === `https://localhost:${port}`) resolve({ child, exited, firstInvite });
    });
    void exited.then((code) => reject(new Error(`the relay ended with ${code}: ${complaints}`)));
  });
}

/** The real relay in its own process, on a data folder of its own unless one is given. */
export async function startRelay(options: RelayOptions = {}): Promise<RunningRelay> {
  const port = options.port ?? (await freePort());
  const dataDir = options.dataDir ?? (await mkdtemp(join(tmpdir(), 'sottovoce-relay-')));
  const env = options.env ?? {};
  let said = '';
  const listeners = new Set<() => void>();
  const hear: Hear = (chunk) => {
    said += chunk;
    for (const listener of listeners) listener();
  };
  let started = await launch(port, dataDir, env, hear);

  async function kill(signal: NodeJS.Signals): Promise<number | null> {
    if (started.child.exitCode === null && started.child.signalCode === null) started.child.kill(signal);
    return started.exited;
  }

  const relay: RunningRelay = {
    origin: env['SOTTOVOCE_ORIGIN'] ?? `${env['SOTTOVOCE_TLS_CERT'] ? 'https' : 'http'}://localhost:${port}`,
    port,
    dataDir,
    pid: started.child.pid ?? 0,
    firstInvite: started.firstInvite,
    kill,
    said: () => said,
    until: (pattern) =>
      new Promise((resolve) => {
        function look(): void {
          if (!pattern.test(said)) return;
          listeners.delete(look);
          resolve(said);
        }
        listeners.add(look);
        look();
      }),
    async stop() {
      await kill('SIGTERM');
      if (options.dataDir === undefined) await rm(dataDir, { recursive: true, force: true });
    },
    async restart() {
      await kill('SIGTERM');
      started = await launch(port, dataDir, env, hear);
      relay.pid = started.child.pid ?? 0;
      relay.firstInvite = started.firstInvite;
    },
  };
  return relay;
}
