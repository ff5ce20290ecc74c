import { existsSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { backupsIn } from '../backup/make.ts';
import { readManifest } from '../backup/manifest.ts';
import { type Finding, ok, warning, wrong } from './finding.ts';

const ABOUT = 'backups';
const LATE_MS = 48 * 3_600_000;
const HOUR_MS = 3_600_000;

export function backupFindings(folder: string, dataDir: string, now: number): Finding[] {
  if (!existsSync(folder)) return [wrong(ABOUT, `${folder} is not there.`, `Make one: sottovoce backup ${folder}`)];
  const [newest] = backupsIn(folder);
  const manifest = newest === undefined ? undefined : readManifest(join(folder, newest));
  if (!manifest) return [wrong(ABOUT, `There is no backup in ${folder}.`, `Make one: sottovoce backup ${folder}`)];
  const age = now - Date.parse(manifest.madeAt);
  const said = `The last was made ${Math.max(0, Math.floor(age / HOUR_MS))} hours ago.`;
  const sameDisk = existsSync(dataDir) && statSync(folder).dev === statSync(dataDir).dev;
  return [
    age > LATE_MS ? warning(ABOUT, said, 'Have it made every day, by cron or a timer.') : ok(ABOUT, said),
    ...(sameDisk
      ? [warning(ABOUT, 'They are on the same disk as the data.', 'Keep them, or copies, on another: a disk dies as a whole.')]
      : []),
  ];
}
