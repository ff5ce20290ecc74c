// Which relays run from this folder, so that set-up never takes their packages away.
import { mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { inProject } from './project.mjs';

const MARKERS = inProject('.cache', 'relays');

// A process id is used again sooner or later. On Linux the start time tells two bearers apart; elsewhere the id has to do.
/** @param {number} pid */
function startTime(pid) {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
    // Field 22, counted after the command name, which may itself hold spaces and brackets.
    return stat.slice(stat.lastIndexOf(')') + 2).split(' ')[19] ?? '';
  } catch {
    return '';
  }
}

/** @param {number} pid */
export function isAlive(pid) {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return error instanceof Error && 'code' in error && error.code === 'EPERM';
  }
}

/** @param {number} pid */
export function markRunning(pid) {
  mkdirSync(MARKERS, { recursive: true });
  writeFileSync(join(MARKERS, String(pid)), startTime(pid));
  return () => rmSync(join(MARKERS, String(pid)), { force: true });
}

/** The process ids of relays that run from this folder now. */
export function runningRelays() {
  /** @type {string[]} */
  let markers = [];
  try {
    markers = readdirSync(MARKERS);
  } catch {
    // No relay was ever started here.
  }
  return markers.map(Number).filter((pid) => {
    const marker = join(MARKERS, String(pid));
    try {
      if (isAlive(pid) && readFileSync(marker, 'utf8') === startTime(pid)) return true;
    } catch {
      // Its relay has just ended and taken the marker along.
    }
    rmSync(marker, { force: true });
    return false;
  });
}
