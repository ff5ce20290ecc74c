import { appendFileSync, mkdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { setTimeout as wait } from 'node:timers/promises';
import { inProject } from './project.mjs';
import { isAlive } from './running.mjs';

const LOCK = inProject('.cache', 'setup.lock');
const POLL_MS = 100;
// Between creating the file and writing the id into it a lock looks ownerless; this is how long that may last.
const OWNERLESS_MS = 2_000;

function tryLock() {
  try {
    writeFileSync(LOCK, String(process.pid), { flag: 'wx' });
    return true;
  } catch (error) {
    if (!(error instanceof Error && 'code' in error && error.code === 'EEXIST')) throw error;
    return false;
  }
}

/** Whether the lock was left behind by a set-up that was killed, with everything that it had started. */
function isAbandoned() {
  try {
    const owners = readFileSync(LOCK, 'utf8').split(' ').filter(Boolean).map(Number);
    return owners.length === 0 ? Date.now() - statSync(LOCK).mtimeMs > OWNERLESS_MS : !owners.some(isAlive);
  } catch {
    // It was released in this very moment.
    return false;
  }
}

/**
 * An installation goes on when the set-up that started it is killed, so it owns the lock too.
 * @param {number} pid
 */
export const alsoAtWork = (pid) => appendFileSync(LOCK, ` ${pid}`);

/**
 * Two terminals may start in the same fresh clone: the second waits for the first.
 * @template T
 * @param {() => Promise<T>} work
 */
export async function oneAtATime(work) {
  mkdirSync(inProject('.cache'), { recursive: true });
  let told = false;
  while (!tryLock()) {
    if (isAbandoned()) {
      rmSync(LOCK, { force: true });
      continue;
    }
    if (!told) console.log('Another set-up is at work in this folder, waiting for it…');
    told = true;
    await wait(POLL_MS);
  }
  try {
    return await work();
  } finally {
    rmSync(LOCK, { force: true });
  }
}
