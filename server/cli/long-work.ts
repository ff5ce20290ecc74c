import type { LongWork } from '../admin/backup/long-work.ts';
import { CommandMistake, type Input } from './command.ts';
import { progressBar } from './show.ts';

/** A bar while it lasts, and Ctrl-C ends it where it can be left, with a word of what is so then. */
export async function longWork<Result>(
  { watched, err }: Input,
  words: { doing: string; interrupted: string },
  work: (work: LongWork) => Promise<Result>,
): Promise<Result> {
  const bar = progressBar(watched, err, words.doing);
  let ended = false;
  const end = (): void => {
    ended = true;
  };
  process.on('SIGINT', end).on('SIGTERM', end);
  const goOn = (): void => {
    if (ended) throw new CommandMistake(`It was interrupted. ${words.interrupted}`);
  };
  try {
    return await work({ progress: bar.show, goOn });
  } finally {
    process.off('SIGINT', end).off('SIGTERM', end);
    bar.end();
  }
}
