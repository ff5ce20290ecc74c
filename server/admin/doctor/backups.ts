import { existsSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { backupsIn } from '../backup/make.ts';
import { readManifest } from '../backup/manifest.ts';
import { HOUR_MS } from '../../store/hours.ts';
import { type Finding, ok, warning, wrong } from './finding.ts';

const ABOUT = 'backups';
const LATE_MS = 48 * HOUR_MS;

function ago(ms: number): string {
  const hours = Math.floor(ms / HOUR_MS);
  if (hours < 1) return 'less than an hour ago';
  if (hours < 48) return `${hours} ${hours === 1 ? 'hour' : 'hours'} ago`;
  return `${Math.floor(hours / 24)} days ago`;
}

export function backupFindings(folder: string, dataDir: string, now: number): Finding[] {
  if (!existsSync(folder)) return [wrong(ABOUT, `${folder} is not there.`, `Make one: sottovoce backup ${folder}`)];
  const [newest] = backupsIn(folder);
  const manifest = newest === undefined ? undefined : readManifest(join(folder, newest));
  if (!manifest) return [wrong(ABOUT, `There is no backup in ${folder}.`, `Make one: sottovoce backup ${folder}`)];
  const age = now - Date.parse(manifest.madeAt);
  const said = `The last was made ${ago(age)}.`;
  const sameDisk = existsSync(dataDir) && statSync(folder).dev === statSync(dataDir).dev;
  return [
    age > LATE_MS ? warning(ABOUT, said, 'Have one made every day, as docs/deploy/sottovoce-backup.timer does.') : ok(ABOUT, said),
    ...(sameDisk
      ? [warning(ABOUT, 'They are on the same disk as the data, which dies as a whole.', 'Keep them, or copies, on another disk.')]
      : []),
  ];
}
