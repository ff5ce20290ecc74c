import { readFileSync, renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { HOUR_MS } from '../store/hours.ts';
import { giveToOwner } from '../store/ownership.ts';
import type { TimeMark } from './calendar.ts';

export const HOUR_FILE = 'relay.hour';

/** Its start, in milliseconds since 1970. */
export function hourIn(text: string): number | undefined {
  const hour = text.trim();
  return /^\d{1,9}$/.test(hour) ? Number(hour) * HOUR_MS : undefined;
}

/** A file beside the database that holds the hour in which the relay last ran, counted from 1970. */
export function timeMark(dataDir: string, failed: (error: unknown) => void): TimeMark {
  const path = join(dataDir, HOUR_FILE);

  function text(): string {
    try {
      return readFileSync(path, 'utf8');
    } catch {
      return '';
    }
  }

  return {
    read() {
      return hourIn(text());
    },
    write(time) {
      const hour = String(Math.floor(time / HOUR_MS));
      if (hour === text().trim()) return;
      try {
        // Whole or not at all, whenever the power goes.
        writeFileSync(`${path}.new`, `${hour}\n`, { mode: 0o600, flush: true });
        giveToOwner(dataDir, `${path}.new`);
        renameSync(`${path}.new`, path);
      } catch (error) {
        failed(error);
      }
    },
  };
}
