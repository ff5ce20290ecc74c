import { isDamage } from '../../store/damage.ts';
import { DataTrouble } from '../../store/data-trouble.ts';
import { type Finding, wrong } from './finding.ts';

/** Why a file of the data folder could not be looked at, without the words of the system. */
export function unreadable(about: string, path: string, error: unknown): Finding {
  const code = error instanceof Error && 'code' in error ? String(error.code) : 'unknown';
  if (error instanceof DataTrouble) return wrong(about, error.said, error.todo);
  if (isDamage(error)) return wrong(about, `${path} is damaged.`, 'Put a backup in its place with "sottovoce restore".');
  if (/^(EACCES|EPERM|SQLITE_(CANTOPEN|PERM|READONLY|AUTH))/.test(code))
    return wrong(about, `This user may not read ${path}.`, 'Run this as the user the relay runs as.');
  if (/^(ENOSPC|EDQUOT|EIO|SQLITE_(FULL|IOERR))/.test(code))
    return wrong(about, `The disk of ${path} is full or fails (${code}).`, 'Make room, and ask again.');
  return wrong(about, `${path} cannot be read (${code}).`, 'Look at what lies there.');
}
