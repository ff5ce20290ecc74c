// `npm run verify`: everything that is not a test. Exits with 1 when a check fails.
import { spawn } from 'node:child_process';
import { inProject, root } from '../setup/project.mjs';
import { documents } from './documents.ts';
import { forbidden } from './forbidden.ts';
import { licences } from './licences.ts';
import { unused } from './unused.ts';
import { words } from './words.ts';
import { zones } from './zones.ts';

type Check = () => string[] | Promise<string[]>;

/** A tool's complaint is its own output, unless it ends well. */
const tool =
  (script: string, ...args: string[]): Check =>
  () =>
    new Promise((resolve, reject) => {
      const child = spawn(process.execPath, [inProject('node_modules', script), ...args], { cwd: root });
      let said = '';
      for (const stream of [child.stdout, child.stderr]) stream.setEncoding('utf8').on('data', (text: string) => (said += text));
      child.on('error', reject).on('close', (code) => resolve(code === 0 ? [] : said.trimEnd().split('\n')));
    });

const CHECKS: Record<string, Check> = {
  'types, walls between rooms': tool('typescript/bin/tsc', '-b', '--pretty', 'false'),
  'format and lint': tool('@biomejs/biome/bin/biome', 'ci', '--colors=off', '--max-diagnostics=50', '--error-on-warnings', '.'),
  'lint, cycles, file length': tool('oxlint/bin/oxlint', '--deny-warnings'),
  'zones inside rooms': zones,
  'clock, chance, markup': forbidden,
  'unused code and packages': unused,
  'licences of what runs': licences,
  'words left behind': words,
  'documents in step': documents,
};

const SHOWN_LINES = 60;
let failed = 0;
const width = Math.max(...Object.keys(CHECKS).map((name) => name.length));
// Tools start side by side; the table keeps its order.
const running = Object.entries(CHECKS).map(([name, check]) => {
  const startedAt = performance.now();
  return { name, result: Promise.resolve(check()).then((found) => ({ found, tookMs: performance.now() - startedAt })) };
});
for (const { name, result } of running) {
  const { found, tookMs } = await result;
  console.log(`${found.length === 0 ? 'ok    ' : 'FAILED'}  ${name.padEnd(width)}  ${(tookMs / 1000).toFixed(1)} s`);
  for (const line of found.slice(0, SHOWN_LINES)) console.log(`        ${line}`);
  if (found.length > SHOWN_LINES) console.log(`        … and ${found.length - SHOWN_LINES} more lines`);
  if (found.length > 0) failed += 1;
}
console.log(`verify: ${running.length} checks, ${running.length - failed} passed, ${failed} failed`);
process.exitCode = failed === 0 ? 0 : 1;
