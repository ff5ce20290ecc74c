// The single executable as an operator has it: alone in an empty folder, with an environment that knows nothing of this project.
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { copyFileSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';

const project = dirname(dirname(import.meta.dirname));

export type Ended = { code: number | null; said: string; complained: string };
export type Running = { origin: string; inviteLink: string | undefined; stop(): Promise<Ended> };
export type LoneBinary = {
  folder: string;
  /** To its end, which must come by itself. */
  run(args: readonly string[], env?: Record<string, string>): Promise<Ended>;
  /** Resolves once it has printed its address, or has ended instead. */
  serve(env?: Record<string, string>): Promise<Running | Ended>;
  remove(): Promise<void>;
};

function listen(child: ChildProcess): { text: Ended; ended: Promise<Ended> } {
  const text: Ended = { code: null, said: '', complained: '' };
  child.stdout?.setEncoding('utf8').on('data', (chunk: string) => {
    text.said += chunk;
  });
  child.stderr?.setEncoding('utf8').on('data', (chunk: string) => {
    text.complained += chunk;
  });
  const ended = once(child, 'close').then(([code]) => ({ ...text, code: code as number | null }));
  return { text, ended };
}

export function loneBinary(): LoneBinary {
  const folder = mkdtempSync(join(tmpdir(), 'sottovoce-alone-'));
  copyFileSync(join(project, 'dist/sottovoce'), join(folder, 'sottovoce'));
  const children: { child: ChildProcess; ended: Promise<Ended> }[] = [];

  function start(args: readonly string[], env: Record<string, string>) {
    const child = spawn('./sottovoce', args, { cwd: folder, env, stdio: ['ignore', 'pipe', 'pipe'] });
    const heard = listen(child);
    children.push({ child, ended: heard.ended });
    return { child, ...heard };
  }

  return {
    folder,
    run: (args, env = {}) => start(args, env).ended,
    async serve(env = {}) {
      const { child, text, ended } = start(['serve'], env);
      const address = new Promise<Running>((resolve) => {
        child.stdout.on('data', () => {
          const origin = /^http:\/\/localhost:\d+$/m.exec(text.said)?.[0];
          if (origin === undefined) return;
          const stop = () => {
            child.kill('SIGTERM');
            return ended;
          };
          resolve({ origin, inviteLink: /^invite .* (\S+)$/m.exec(text.said)?.[1], stop });
        });
      });
      return Promise.race([address, ended]);
    },
    async remove() {
      for (const { child, ended } of children) {
        child.kill('SIGKILL');
        await ended;
      }
      rmSync(folder, { recursive: true, force: true });
    },
  };
}
