// `npm run build:binary`: the relay with its page as one file, dist/sottovoce, for the kind of machine this runs on.
import { createHash } from 'node:crypto';
import { mkdirSync, readFileSync, renameSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { oneAtATime } from '../setup/one-at-a-time.mjs';
import { buildPage, pageStands } from '../setup/page.mjs';
import { inProject, Sentence } from '../setup/project.mjs';
import { assets } from './assets.ts';
import { bundle } from './bundle.ts';
import { canBuildHere, inject, writeBlob } from './executable.ts';
import { licenceTexts } from './licences.ts';
import { BINARY, binaryStands, hashOfBinarySources, STAMP } from './stamp.ts';

const WORK = inProject('.cache', 'binary');
const MIB = 1_048_576;

async function step<Result>(what: string, work: () => Result | Promise<Result>): Promise<Result> {
  const startedAt = performance.now();
  process.stdout.write(`${what}… `);
  const result = await work();
  console.log(`${((performance.now() - startedAt) / 1000).toFixed(1)} s`);
  return result;
}

async function build(): Promise<void> {
  const sources = hashOfBinarySources();
  rmSync(WORK, { recursive: true, force: true });
  mkdirSync(WORK, { recursive: true });
  const script = await step('Bundling the relay', () => bundle('server/main.ts'));
  const thread = await step('Bundling its store', () => bundle('server/store/thread-worker.ts'));
  const inside = await step('Compressing the page', () => assets(WORK, thread));
  await step('Packing', () => writeBlob(WORK, script, inside));
  const executable = await step('Putting it into Node', () => inject(WORK));
  mkdirSync(inProject('dist'), { recursive: true });
  rmSync(inProject(STAMP), { force: true });
  renameSync(executable, inProject(BINARY));
  const hash = createHash('sha256')
    .update(readFileSync(inProject(BINARY)))
    .digest('hex');
  // In the form that `sha256sum --check` reads.
  writeFileSync(inProject(`${BINARY}.sha256`), `${hash}  sottovoce\n`);
  writeFileSync(inProject(`${BINARY}.licences.txt`), licenceTexts());
  writeFileSync(inProject(STAMP), sources);
  rmSync(WORK, { recursive: true, force: true });
}

try {
  if (!canBuildHere())
    throw new Sentence('The single file can be built on Linux with glibc (not Alpine), and only for it. "npm start" runs anywhere.');
  await oneAtATime(async () => {
    if (!pageStands()) buildPage();
    if (!binaryStands()) await build();
  });
  const size = statSync(inProject(BINARY)).size;
  const hash = readFileSync(inProject(`${BINARY}.sha256`), 'utf8').split(' ')[0];
  console.log(`build:binary: ${BINARY}, ${(size / MIB).toFixed(1)} MiB (${size} bytes), sha256 ${hash}`);
} catch (error) {
  console.error(error instanceof Sentence ? error.message : error);
  process.exitCode = 1;
}
