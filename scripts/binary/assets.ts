// What lies inside the executable besides the script: the page, the script of the store's thread, and the native addon of SQLite.
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { promisify } from 'node:util';
import { brotliCompress } from 'node:zlib';
import { BROTLI_PREFIX, PAGE_PREFIX } from '../../server/plugins/page-files.ts';
import { ADDON_ASSET } from '../../server/store/inner-addon.ts';
import { THREAD_ASSET } from '../../server/store/thread.ts';
import { filesUnder } from '../setup/page.mjs';
import { inProject } from '../setup/project.mjs';

const PAGE = 'dist/client';

/** Their names in the executable, and where their bytes are; what is made here is put into `folder`. */
export async function assets(folder: string, storeThread: string): Promise<Record<string, string>> {
  const thread = join(folder, THREAD_ASSET);
  writeFileSync(thread, storeThread);
  const named: Record<string, string> = {
    [THREAD_ASSET]: thread,
    [ADDON_ASSET]: inProject(`node_modules/better-sqlite3/prebuilds/${process.platform}-${process.arch}.node`),
  };
  const paths = filesUnder(PAGE)
    .map((path) => path.slice(PAGE.length + 1))
    .sort();
  await Promise.all(
    paths.map(async (path) => {
      const bytes = readFileSync(inProject(PAGE, path));
      // As dense as it gets, once, here: at run time that would keep readers waiting.
      const compressed = await promisify(brotliCompress)(bytes);
      const brotli = BROTLI_PREFIX + path;
      mkdirSync(dirname(join(folder, brotli)), { recursive: true });
      writeFileSync(join(folder, brotli), compressed);
      named[PAGE_PREFIX + path] = inProject(PAGE, path);
      named[brotli] = join(folder, brotli);
    }),
  );
  // In one order, whichever was compressed first: the same sources make the same bytes.
  return Object.fromEntries(Object.entries(named).sort(([one], [other]) => (one < other ? -1 : 1)));
}
