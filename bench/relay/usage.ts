/** What a server's processes used, read from Linux's /proc: the roots with everything they started. */
import { readdirSync, readFileSync } from 'node:fs';

// USER_HZ, which Linux fixes at 100 on every platform Node runs on.
const TICK_US = 10_000;

type Stat = { parent: number; ticks: number };

/** The fields after the command name, which may itself hold spaces and brackets. Children that ended count with whoever waited for them. */
export function parseStat(text: string): Stat {
  const fields = text.slice(text.lastIndexOf(')') + 2).split(' ');
  const [user, system, childUser, childSystem] = fields.slice(11, 15).map(Number);
  return { parent: Number(fields[1]), ticks: (user ?? 0) + (system ?? 0) + (childUser ?? 0) + (childSystem ?? 0) };
}

function stats(): Map<number, Stat> {
  const found = new Map<number, Stat>();
  for (const name of readdirSync('/proc')) {
    if (!/^\d+$/.test(name)) continue;
    try {
      found.set(Number(name), parseStat(readFileSync(`/proc/${name}/stat`, 'utf8')));
    } catch {
      // It ended while we looked.
    }
  }
  return found;
}

/** Processor time of the roots and their descendants, in microseconds. */
export function cpuUs(roots: readonly number[]): number {
  const all = stats();
  const wanted = new Set(roots);
  // Parents may come after their children in the listing, so until nothing is added.
  for (let before = -1; before !== wanted.size; ) {
    before = wanted.size;
    for (const [pid, { parent }] of all) if (wanted.has(parent)) wanted.add(pid);
  }
  let ticks = 0;
  for (const pid of wanted) ticks += all.get(pid)?.ticks ?? 0;
  return ticks * TICK_US;
}

function statusBytes(pid: number, field: 'VmHWM' | 'VmRSS'): number {
  const status = readFileSync(`/proc/${pid}/status`, 'utf8');
  return Number(new RegExp(`^${field}:\\s+(\\d+) kB$`, 'm').exec(status)?.[1] ?? Number.NaN) * 1_024;
}

/** Of one process, as PostgreSQL's share their memory and sums would count it many times. */
export const rssBytes = (pid: number): number => statusBytes(pid, 'VmRSS');
export const peakRssBytes = (pid: number): number => statusBytes(pid, 'VmHWM');
