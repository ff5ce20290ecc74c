/**
 * `npm run bench:crypto`: ours, the bare library, Signal's own library (native) and Olm (WebAssembly) in one run, in turn, in Node; ours and the
 * bare library in Chromium. Every contender has a process or a page of its own. Prints rates and ratios with the range of their middle half;
 * with `--json` the last line is one flat JSON object. Its peers are installed by scripts/run.mjs, beside this file.
 */
import { fork } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { installPrimitives } from '../../crypto/index.ts';
import { nodePrimitives } from '../../client/adapters/node-primitives.ts';
import { launchProfile } from '../../test/support/browser.ts';
import { servePage } from '../../test/support/bundled-page.ts';
import { type Figure, json, table } from '../report.ts';
import type { Shape } from './contender.ts';
import { median, ratio, type Rounds, rounds } from './measure.ts';
import { ownFigures } from './own.ts';

const TIMES = 9;
const SLICE_MS = 250;

type Ask = (shape: Shape, count: number) => Promise<number>;
type Open = { ask: Ask; close(): Promise<void> };

const progress = (line: string): void => void process.stderr.write(`${line}\n`);

async function inProcess(name: string): Promise<Open> {
  const child = fork(join(import.meta.dirname, 'child.ts'), [name]);
  const ended = new AbortController();
  child.once('exit', () => ended.abort(new Error(`${name} ended`)));
  const answer = async (): Promise<number> => {
    const [said] = (await once(child, 'message', ended)) as [{ rate: number } | { error: string }];
    if ('error' in said) throw new Error(`${name}: ${said.error}`);
    return said.rate;
  };
  await answer();
  return {
    ask(shape, count) {
      child.send({ shape, count });
      return answer();
    },
    async close() {
      child.disconnect();
      await once(child, 'exit');
    },
  };
}

async function inPage(name: string): Promise<Open> {
  const served = await servePage(join(import.meta.dirname, `page-${name}.ts`), name === 'bare');
  const folder = await mkdtemp(join(tmpdir(), 'sottovoce-bench-'));
  const browser = await launchProfile(folder);
  const page = await browser.newPage();
  await page.goto(served.address);
  await page.waitForFunction(() => window.slice !== undefined);
  return {
    ask: (shape, count) =>
      page.evaluate(([one, many]) => window.slice?.(one, many) ?? Promise.reject(new Error('no page')), [shape, count] as const),
    async close() {
      await browser.close();
      await served.close();
      await rm(folder, { recursive: true });
    },
  };
}

async function measure(where: string, open: (name: string) => Promise<Open>, names: readonly string[], shapes: readonly Shape[]) {
  const contenders: Record<string, Open> = {};
  for (const name of names) contenders[name] = await open(name);
  const found = new Map<Shape, Rounds>();
  for (const shape of shapes) {
    const able = names.filter((name) => name !== 'bare' || !shape.startsWith('group'));
    progress(`${where}: ${shape} (${able.join(', ')})`);
    found.set(shape, await rounds((name, one, count) => (contenders[name] as Open).ask(one, count), able, shape, TIMES, SLICE_MS));
  }
  for (const contender of Object.values(contenders)) await contender.close();
  return found;
}

const SNAKE: Record<Shape, string> = {
  pingpong: 'pingpong',
  stream: 'stream',
  groupEncrypt: 'group_encrypt',
  groupDecrypt: 'group_decrypt',
  sessionStart: 'session_start',
};

/** What is to be reached; a name that is not here is told, and not judged. */
const GOALS: Record<string, number> = {
  node_pingpong_vs_bare: 20,
  node_stream_vs_bare: 5,
  node_pingpong_vs_official: 0.6,
  node_stream_vs_official: 0.6,
  chromium_pingpong_vs_bare: 25,
  chromium_stream_vs_bare: 3,
  group_encrypt_vs_official: 1.1,
  group_decrypt_vs_official: 0.6,
  session_start_vs_official: 0.7,
};

function figuresOf(where: 'node' | 'chromium', found: Map<Shape, Rounds>): Figure[] {
  const figures: Figure[] = [];
  for (const [shape, { ours = [], ...others }] of found) {
    const isPair = shape === 'pingpong' || shape === 'stream';
    const prefix = isPair || where === 'chromium' ? `${where}_${SNAKE[shape]}` : SNAKE[shape];
    for (const [name, rates] of Object.entries({ ours, ...others })) {
      figures.push({ name: `${prefix}_${name}_per_s`, value: median(rates), unit: '/s' });
    }
    for (const [name, rates] of Object.entries(others)) {
      const { value, low, high } = ratio(ours, rates);
      const atLeast = GOALS[`${prefix}_vs_${name}`];
      const unit = `× (${low.toPrecision(3)} to ${high.toPrecision(3)})`;
      figures.push({ name: `${prefix}_vs_${name}`, value, unit, ...(atLeast && { atLeast }) });
    }
  }
  return figures;
}

const node = await measure(
  'node',
  inProcess,
  ['ours', 'bare', 'official', 'olm'],
  ['pingpong', 'stream', 'sessionStart', 'groupEncrypt', 'groupDecrypt'],
);
const chromium = await measure('chromium', inPage, ['ours', 'bare'], ['pingpong', 'stream', 'sessionStart']);
progress('node: sealing, safety number, growth');
await installPrimitives(nodePrimitives);
const figures = [...figuresOf('node', node), ...figuresOf('chromium', chromium), ...(await ownFigures())];
console.log(table(figures));
if (process.argv.includes('--json')) console.log(json(figures));
