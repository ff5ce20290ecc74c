import { existsSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { until } from './part.ts';

/** What the kernel says of another process. */

/** Memory that it really holds, in bytes. */
export function residentBytes(pid: number): number {
  const [, kibibytes = '0'] = /^VmRSS:\s+(\d+) kB$/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8')) ?? [];
  return Number(kibibytes) * 1_024;
}

/** Files and sockets that it has open. */
export function openFiles(pid: number): number {
  return readdirSync(`/proc/${pid}/fd`).length;
}

/**
 * Connections of that port that a process still holds, half closed ones too, to those of this machine's addresses that are not 127.0.0.1:
 * from there come our own requests, whose connections are kept for the next.
 */
export function connectionsFromElsewhere(port: number): number {
  const local = `:${port.toString(16).toUpperCase().padStart(4, '0')}`;
  const rows = readFileSync('/proc/net/tcp', 'utf8').split('\n').slice(1, -1);
  return rows.filter((row) => {
    const [, from = '', to = '', , , , , , , inode] = row.trim().split(/\s+/);
    return from.endsWith(local) && !/^(0100007F|00000000):/.test(to) && inode !== '0';
  }).length;
}

/** Looks at a process's memory now and then until told to stop, and answers the most it held. */
export function watchMemory(pid: number): () => number {
  let most = residentBytes(pid);
  const timer = setInterval(() => {
    most = Math.max(most, residentBytes(pid));
  }, 50);
  return () => {
    clearInterval(timer);
    return Math.max(most, residentBytes(pid));
  };
}

/** Environment for a relay that can be asked what it holds after a collection. `file` is where it answers. */
export function collecting(file: string): Record<string, string> {
  const preload = new URL('./collect-on-signal.ts', import.meta.url).href;
  return { NODE_OPTIONS: `--import ${preload}`, FAULTS_MEMORY_FILE: file };
}

/** What is in use once garbage was collected, in bytes: in JavaScript's heap and in buffers, and resident in all. */
export async function collected(pid: number, file: string): Promise<{ used: number; resident: number }> {
  rmSync(file, { force: true });
  process.kill(pid, 'SIGUSR2');
  await until('the relay tells its memory', () => existsSync(file));
  const { heapUsed, external, rss } = JSON.parse(readFileSync(file, 'utf8')) as NodeJS.MemoryUsage;
  return { used: heapUsed + external, resident: rss };
}
