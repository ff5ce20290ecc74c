/** Reads the files of a folder of Wycheproof (github.com/C2SP/wycheproof, testvectors_v1) that are about something used here. */
import { readFile, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { type PublishedFile, sha256 } from '../runner/published.ts';
import { WYCHEPROOF_FILES } from './run.ts';

/** A file of the list that is not there fails: fewer cases must not look like all. */
export async function readWycheproof(folder: string): Promise<PublishedFile[]> {
  if (
    !(await stat(folder).then(
      (at) => at.isDirectory(),
      () => false,
    ))
  )
    throw new Error(`--wycheproof: there is no folder ${folder}`);
  return Promise.all(
    WYCHEPROOF_FILES.map(async (name): Promise<PublishedFile> => {
      const bytes = await readFile(join(folder, name)).catch(() => null);
      const file = {
        name,
        source: 'Wycheproof',
        text: bytes?.toString('utf8') ?? '',
        digest: bytes ? sha256(bytes) : '',
        cases: 1,
      } as const;
      return { ...file, wrong: bytes ? null : 'the file is missing' };
    }),
  );
}
