/** From spawn to the first answer of GET /v1/relay, on a fresh data folder every time. */
import { existsSync } from 'node:fs';
import { get } from 'node:http';
import { join } from 'node:path';
import { now, wait } from './clock.ts';
import { serverFolder } from './servers/folder.ts';
import { freePort, run } from './servers/process.ts';
import { median } from './statistics.ts';

const PROJECT = join(import.meta.dirname, '..', '..');
const BUNDLE = join(PROJECT, 'dist', 'sottovoce');
const TIMES = 5;
const START_WITHIN_MS = 20_000;
const POLL_MS = 2;

function answers(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const request = get({ host: '127.0.0.1', port, path: '/v1/relay' }, (response) => {
      response.resume();
      resolve(response.statusCode === 200);
    });
    request.once('error', () => resolve(false));
  });
}

async function once(command: string, args: readonly string[]): Promise<number> {
  const port = await freePort();
  const folder = await serverFolder();
  const startedAt = now();
  const relay = run(command, args, { cwd: PROJECT, env: { ...process.env, SOTTOVOCE_PORT: String(port), SOTTOVOCE_DATA: folder.path } });
  while (!(await answers(port))) {
    if (relay.child.exitCode !== null || now() - startedAt > START_WITHIN_MS) throw new Error(`the relay did not start: ${relay.output()}`);
    await wait(POLL_MS);
  }
  const took = now() - startedAt;
  await relay.stop();
  await folder.remove();
  return took;
}

/** The one file where it was built, else the sources. */
export async function startTime(): Promise<{ ms: number; source: string }> {
  const built = existsSync(BUNDLE);
  const [command, args] = built ? [BUNDLE, ['serve']] : [process.execPath, [join(PROJECT, 'server/main.ts'), 'serve']];
  const times: number[] = [];
  for (let i = 0; i < TIMES; i++) times.push(await once(command, args));
  return { ms: median(times), source: built ? 'dist/sottovoce serve' : 'node server/main.ts serve' };
}
