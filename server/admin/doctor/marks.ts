import { readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { HOUR_FILE, hourIn } from '../../relay/time-mark.ts';
import { isDamage } from '../../store/damage.ts';
import { damagedLock, LOCK_FILE } from '../../store/data-folder.ts';
import { openSqliteFile } from '../../store/sqlite-file.ts';
import { BUILT_AT } from './database.ts';
import { type Finding, warning } from './finding.ts';
import { unreadable } from './unreadable.ts';

// The hour is a whole one, and clocks are corrected.
const AHEAD_MS = 2 * 3_600_000;

/** What is told of the hour in which the relay last ran; undefined when it may well be right. */
function whyOdd(text: string, now: number): string | undefined {
  const hour = hourIn(text);
  if (hour === undefined) return 'It holds no hour.';
  if (hour < BUILT_AT || hour > now + AHEAD_MS) return `By it the relay last ran at ${new Date(hour).toISOString()}.`;
  return undefined;
}

export function hourFindings(dataDir: string, now: number): Finding[] {
  const path = join(dataDir, HOUR_FILE);
  try {
    const odd = whyOdd(readFileSync(path, 'utf8'), now);
    if (odd === undefined) return [];
    return [
      warning(
        'clock',
        `${path} is odd. ${odd}`,
        'If the clock is right, stop the relay, delete that file and start it again: it is made anew.',
      ),
    ];
  } catch {
    // Not there before the first start; what may not be read is told of the folder.
    return [];
  }
}

/** A sound one is empty: it is held open, and never written to. */
export function lockFindings(dataDir: string): Finding[] {
  const path = join(dataDir, LOCK_FILE);
  try {
    if (statSync(path).size === 0) return [];
    openSqliteFile(path, { readonly: true }).pragma('schema_version');
    return [];
  } catch (error) {
    return isDamage(error) ? [unreadable('data folder', path, damagedLock(path))] : [];
  }
}
