import { type ChildProcess, type SpawnOptions, spawn } from 'node:child_process';
import { createConnection, createServer } from 'node:net';
import { now, wait } from '../clock.ts';

const START_WITHIN_MS = 60_000;
const STOP_WITHIN_MS = 10_000;

/** A port that was free a moment ago. */
export async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const address = server.address();
  await new Promise((resolve) => server.close(resolve));
  if (typeof address !== 'object' || address === null) throw new Error('no port');
  return address.port;
}

export type Running = { child: ChildProcess; pid: number; output(): string; stop(signal?: NodeJS.Signals): Promise<void> };

const running = new Set<ChildProcess>();

// What we started ends with us, by its id, however we end.
process.once('exit', () => {
  for (const child of running) child.kill('SIGKILL');
});

for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.once(signal, () => process.exit(1));

/** Starts a program; its output is kept for the error that names why it ended. */
export function run(command: string, args: readonly string[], options: SpawnOptions = {}): Running {
  const child = spawn(command, args, { stdio: ['ignore', 'pipe', 'pipe'], ...options });
  running.add(child);
  let output = '';
  for (const stream of [child.stdout, child.stderr]) stream?.on('data', (data) => (output = (output + String(data)).slice(-8_192)));
  const ended = new Promise<void>((resolve) => {
    child.once('error', (error) => {
      output += error.message;
      resolve();
    });
    child.once('exit', () => {
      running.delete(child);
      resolve();
    });
  });
  return {
    child,
    pid: child.pid ?? 0,
    output: () => output,
    async stop(signal = 'SIGTERM') {
      if (child.exitCode !== null || child.signalCode !== null) return;
      child.kill(signal);
      const timer = setTimeout(() => child.kill('SIGKILL'), STOP_WITHIN_MS);
      await ended;
      clearTimeout(timer);
    },
  };
}

function canConnect(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = createConnection({ host: '127.0.0.1', port });
    socket.once('connect', () => {
      socket.destroy();
      resolve(true);
    });
    socket.once('error', () => resolve(false));
  });
}

export async function untilReady(server: Running, what: string, ready: () => Promise<boolean>): Promise<void> {
  const latest = now() + START_WITHIN_MS;
  while (!(await ready())) {
    if (server.child.exitCode !== null) throw new Error(`${what} ended while it started: ${server.output()}`);
    if (now() > latest) throw new Error(`${what} does not answer: ${server.output()}`);
    await wait(20);
  }
}

export const untilListening = (server: Running, port: number, what: string): Promise<void> =>
  untilReady(server, what, () => canConnect(port));
