import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { type Server, signUpFreely } from './contender.ts';
import { serverFolder } from './folder.ts';
import { run } from './process.ts';

export async function startBare(): Promise<Server> {
  const folder = await serverFolder();
  const server = run(process.execPath, [join(import.meta.dirname, '..', 'bare.ts'), folder.path], {
    stdio: ['ignore', 'pipe', 'pipe', 'ipc'],
  });
  const port = await new Promise<number>((resolve, reject) => {
    if (server.child.stdout) createInterface({ input: server.child.stdout }).once('line', (line) => resolve(Number(line)));
    server.child.once('exit', () => reject(new Error(`the bare harness ended: ${server.output()}`)));
  });
  return {
    name: 'bare',
    adapter: 'bare',
    target: { port },
    roots: () => [server.pid],
    signUp: signUpFreely,
    async stop() {
      await server.stop();
      await folder.remove();
    },
  };
}
