import { FolderMistake } from '../store/make-folder.ts';

/** What the system and SQLite answer, as a sentence for whoever typed the command, and what to do. */
const damaged = 'The database is damaged. "sottovoce verify" says more; "sottovoce restore" puts a backup in its place.';

const SENTENCES: readonly (readonly [RegExp, (at: string) => string])[] = [
  [/^SQLITE_(?:CORRUPT|NOTADB)/, () => damaged],
  [/^(?:ENOSPC|EDQUOT|SQLITE_FULL)/, () => 'The disk is full. Make room and try again.'],
  [
    /^(?:EROFS|SQLITE_READONLY)/,
    (at) => `The disk or folder of ${at} takes no changes from this user. Choose another, or let it take them.`,
  ],
  [/^(?:EACCES|EPERM|SQLITE_PERM)/, (at) => `This user may not use ${at}. Run this as the user it belongs to.`],
  [/^SQLITE_CANTOPEN/, () => 'The database cannot be opened. Run this as the user the relay runs as.'],
  [/^SQLITE_BUSY/, () => 'Another program holds the database. Try again in a moment.'],
  [/^(?:EIO|SQLITE_IOERR)/, () => 'The disk fails to read or write. Look at the log of the system.'],
  [/^(?:EMFILE|ENFILE)/, () => 'Too few files may be open at once. Raise the limit (ulimit -n) and try again.'],
];

/** Undefined for what has no code, or one that is not among these, or a sentence of its own. */
export function sentenceOfCode(error: unknown): string | undefined {
  if (!(error instanceof Error && 'code' in error) || error instanceof FolderMistake) return undefined;
  const { code, path, syscall } = error as NodeJS.ErrnoException;
  if (syscall === 'uv_cwd') return 'The folder in which this was typed is gone. Change to another and try again.';
  const sentence = SENTENCES.find(([pattern]) => pattern.test(String(code)))?.[1];
  return sentence?.(path ?? 'a file or folder that is needed');
}

/** For whatever was thrown and is no mistake of ours with a sentence. */
export function sentenceOf(error: unknown): string {
  return sentenceOfCode(error) ?? `It did not work: ${error instanceof Error ? error.message : String(error)}`;
}
