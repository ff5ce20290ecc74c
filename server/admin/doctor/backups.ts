import { existsSync, statSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { backupsIn } from '../backup/make.ts';
import { type Manifest, readManifest } from '../backup/manifest.ts';
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

/** What is cheap to see; a flipped byte takes reading it all. */
function isAsLong(backup: string, { files }: Manifest): boolean {
  return files.every(({ name, bytes }) => statSync(join(backup, name), { throwIfNoEntry: false })?.size === bytes);
}

export function backupFindings(folder: string, dataDir: string, now: number): Finding[] {
  if (!existsSync(folder)) return [wrong(ABOUT, `${folder} is not there.`, `Make one: sottovoce backup ${folder}`)];
  if (readManifest(folder))
    return [wrong(ABOUT, `${folder} is a backup itself.`, `Name the folder that backups are in: --backups ${dirname(folder)}`)];
  let newest: string | undefined;
  try {
    [newest] = backupsIn(folder);
  } catch {
    return [wrong(ABOUT, `${folder} cannot be read.`, 'It must be a folder that this user may read.')];
  }
  const backup = join(folder, newest ?? '');
  const manifest = newest === undefined ? undefined : readManifest(backup);
  if (!manifest) return [wrong(ABOUT, `There is no backup in ${folder}.`, `Make one: sottovoce backup ${folder}`)];
  const age = now - Date.parse(manifest.madeAt);
  const made = `The last was made ${ago(age)}.`;
  if (!isAsLong(backup, manifest))
    return [wrong(ABOUT, `${made} Its files are not as its manifest says.`, `Make one: sottovoce backup ${folder}`)];
  const said = `${made} Its files are as long as its manifest says; "sottovoce verify ${backup}" reads them through.`;
  const sameDisk = existsSync(dataDir) && statSync(folder).dev === statSync(dataDir).dev;
  return [
    age > LATE_MS ? warning(ABOUT, said, 'Have one made every day, as docs/deploy/sottovoce-backup.timer does.') : ok(ABOUT, said),
    ...(sameDisk
      ? [warning(ABOUT, 'They are on the same disk as the data, which dies as a whole.', 'Keep them, or copies, on another disk.')]
      : []),
  ];
}
