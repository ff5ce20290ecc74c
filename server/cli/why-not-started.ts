import { FolderMistake } from '../store/make-folder.ts';
import { foreignFile } from '../store/ownership.ts';

const OTHER_FOLDER = 'choose another folder with SOTTOVOCE_DATA';

/** Undefined when it is not the disk. */
export function whyNoRoom(error: unknown, dataDir: string): string | undefined {
  const code = error instanceof Error && 'code' in error ? String(error.code) : '';
  if (!/^(ENOSPC|EDQUOT|EIO|SQLITE_FULL|SQLITE_IOERR)/.test(code)) return undefined;
  return `The disk of the data folder ${dataDir} is full or fails (${code}). Make room and try again.`;
}

/** What went wrong before the relay could serve, as a sentence for whoever started it, and what to do. */
export function whyNotStarted(error: unknown, dataDir: string): string {
  const told = error instanceof Error ? error.message : String(error);
  const code = error instanceof Error && 'code' in error ? String(error.code) : '';
  // A thread that finds no room for its files ends under a code of its own.
  if (/EMFILE|ENFILE|too many open files/.test(`${code} ${told}`))
    return 'Too few files may be open at once. Raise the limit (ulimit -n, or LimitNOFILE of the service) and start again.';
  const noRoom = whyNoRoom(error, dataDir);
  if (noRoom !== undefined) return noRoom;
  const foreign = /^(EACCES|EPERM|SQLITE_(PERM|CANTOPEN|READONLY))/.test(code) ? foreignFile(dataDir) : undefined;
  if (foreign) return `${foreign.said} ${foreign.todo}`;
  if (/^(EROFS|SQLITE_READONLY)/.test(code))
    return `The data folder ${dataDir} is on a disk that takes no changes. Let it take them, or ${OTHER_FOLDER}.`;
  if (code.startsWith('SQLITE_CANTOPEN'))
    return `A file in the data folder ${dataDir} cannot be opened. Run the relay as the user who owns it, and let enough files be open at once (ulimit -n).`;
  if (/^(EACCES|EPERM|SQLITE_PERM)/.test(code))
    return `This user may not use the data folder ${dataDir} or a file in it. Run the relay as the user who owns it, or ${OTHER_FOLDER}.`;
  if (error instanceof FolderMistake) return `The data folder cannot be used: ${told} Correct that, or ${OTHER_FOLDER}.`;
  return `The relay could not start: ${told}`;
}
