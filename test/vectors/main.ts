/**
 * `npm run vectors`: every committed case in Node and in a real browser. The last line is `vectors: N cases, N passed, 0 failed`, a case
 * counted once however often it ran; the exit code is 1 when one failed anywhere. README.md beside this file says the rest.
 *
 *   npm run vectors -- [--node] [--wycheproof DIR] [--dir DIR] [family…]
 */
import { isAbsolute, join } from 'node:path';
import { parseArgs } from 'node:util';
import { FAMILIES } from './families/families.ts';
import { browserEngines, type Engine, nodeEngine } from './runner/engines.ts';
import { type PublishedFile, readPublished } from './runner/published.ts';
import { type Failed, failureLine, progress, type Row, table } from './runner/report.ts';
import { readWycheproof } from './wycheproof/read.ts';

const USAGE = 'npm run vectors -- [--node] [--wycheproof DIR] [--dir DIR] [family…]';

// npm runs scripts in the project's folder; a relative path is meant from where the person stands.
const fromCaller = (path: string): string => (isAbsolute(path) ? path : join(process.env['INIT_CWD'] ?? process.cwd(), path));

function readArguments() {
  const { values, positionals } = parseArgs({
    allowPositionals: true,
    options: { node: { type: 'boolean' }, wycheproof: { type: 'string' }, dir: { type: 'string' } },
  });
  const unknown = positionals.find((name) => !FAMILIES.some((family) => family.name === name));
  if (unknown !== undefined) throw new Error(`there is no family "${unknown}"; there are: ${FAMILIES.map(({ name }) => name).join(', ')}`);
  if (values.wycheproof === '' || values.dir === '') throw new Error(`an option lacks its folder: ${USAGE}`);
  return {
    nodeOnly: values.node === true,
    folder: values.dir === undefined ? import.meta.dirname : fromCaller(values.dir),
    wycheproof: values.wycheproof === undefined ? null : fromCaller(values.wycheproof),
    families: positionals,
  };
}

type Outcome = { row: Row; failed: Failed[] };

async function runFile(file: PublishedFile, engines: readonly Engine[], step: string): Promise<Outcome> {
  const { name, source, digest } = file;
  if (file.wrong !== null) {
    const row = { file: name, source, cases: file.cases, passed: 0, digest, remark: 'not run: see below' };
    return { row, failed: [{ file: name, what: file.wrong, where: '' }] };
  }
  const failed: Failed[] = [];
  // A case that fails in two engines is one case that failed.
  const broken = new Set<number>();
  let { cases } = file;
  let remark = '';
  for (const engine of engines) {
    progress(`${step} ${name} · ${engine.name.replace(/ \(.*/, '')}`);
    try {
      const result = await engine.run(file);
      for (const failure of result.failures) {
        broken.add(failure.tcId);
        failed.push({ file: name, where: engine.name, ...failure });
      }
      ({ cases, remark } = result);
    } catch (error) {
      const what = `could not be run (${error instanceof Error ? error.message : String(error)})`;
      return {
        row: { file: name, source, cases, passed: 0, digest, remark: 'see below' },
        failed: [...failed, { file: name, what, where: engine.name }],
      };
    }
  }
  return { row: { file: name, source, cases, passed: cases - broken.size, digest, remark }, failed };
}

const WITHOUT_WYCHEPROOF: Row = {
  file: 'Wycheproof',
  source: 'Wycheproof',
  cases: 0,
  passed: 0,
  digest: '',
  remark: 'not run: name its folder with --wycheproof DIR',
};

/** Whether all cases passed. */
async function main(): Promise<boolean> {
  const { nodeOnly, folder, wycheproof, families } = readArguments();
  const published = await readPublished(folder, families);
  const files = [...published, ...(wycheproof === null ? [] : await readWycheproof(wycheproof))];
  const engines = [await nodeEngine()];
  const browser = nodeOnly ? null : await browserEngines();
  engines.push(...(browser?.engines ?? []));
  try {
    const outcomes: Outcome[] = [];
    for (const [at, file] of files.entries()) outcomes.push(await runFile(file, engines, `${at + 1}/${files.length}`));
    progress('');
    const rows = outcomes.map(({ row }) => row);
    console.log(`${table(wycheproof === null ? [...rows, WITHOUT_WYCHEPROOF] : rows)}\n`);
    for (const { name } of engines) console.log(`Run in ${name}.`);
    if (nodeOnly) console.log('Not run in a browser: --node was given.');
    for (const failure of outcomes.flatMap(({ failed }) => failed)) console.log(failureLine(failure));
    const cases = rows.reduce((sum, row) => sum + row.cases, 0);
    const passed = rows.reduce((sum, row) => sum + row.passed, 0);
    console.log(`vectors: ${cases} cases, ${passed} passed, ${cases - passed} failed`);
    return cases > 0 && cases === passed;
  } finally {
    await browser?.close();
  }
}

process.exitCode = 1;
try {
  if (await main()) process.exitCode = 0;
} catch (error) {
  console.error(error instanceof Error ? error.message : error);
}
