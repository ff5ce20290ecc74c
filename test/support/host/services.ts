import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { readUnit, type Unit } from './unit.ts';

/** Where a real machine's folders lie here, and what every service is told beside its unit. */
export type Place = { root: string; move(text: string): string; env: Record<string, string> };

type Running = { child: ChildProcess; gone: Promise<number | null> };

/** 03:15 every day, in the one form that is used here. */
const EVERY_DAY = /^\*-\*-\* ([01]\d|2[0-3]):[0-5]\d:[0-5]\d$/;

/** The part of systemd that a guide needs: units of services and timers, started, stopped and listened to. Every child ends with `end`. */
export function services({ root, move, env }: Place) {
  const folder = join(root, 'etc/systemd/system');
  const running = new Map<string, Running>();
  const journal = new Map<string, string>();
  /** How long its journal was when it was started last. */
  const startedAt = new Map<string, number>();
  const listeners = new Set<() => void>();

  function environment(unit: Unit): Record<string, string> {
    const own = unit.values('Environment').map((line) => move(line).split('=', 2) as [string, string]);
    return { ...env, ...Object.fromEntries(own) };
  }

  function directories(unit: Unit): void {
    const mode = Number.parseInt(unit.value('StateDirectoryMode') ?? '0755', 8);
    for (const name of unit.values('StateDirectory')) mkdirSync(join(root, 'var/lib', name), { recursive: true, mode });
    for (const name of unit.values('ConfigurationDirectory')) mkdirSync(join(root, 'etc', name), { recursive: true });
    // Made by nobody: a service that may write there and does not find it fails.
    for (const path of unit.values('ReadWritePaths')) statSync(move(path));
  }

  function start(name: string, unit: Unit, line: string): Running {
    const [program = '', ...args] = move(line).split(' ');
    const cwd = move(unit.value('WorkingDirectory') ?? '/');
    // With the channel, a relay ends with the test's process, however that ends.
    const child = spawn(program, args, { cwd, env: environment(unit), stdio: ['ignore', 'pipe', 'pipe', 'ipc'] });
    child.channel?.unref();
    startedAt.set(name, journal.get(name)?.length ?? 0);
    for (const stream of [child.stdout, child.stderr])
      stream?.setEncoding('utf8').on('data', (text: string) => {
        journal.set(name, `${journal.get(name) ?? ''}${text}`);
        for (const listener of listeners) listener();
      });
    const gone = once(child, 'close').then(([code]) => code as number | null);
    const started = { child, gone };
    running.set(name, started);
    void gone.then(() => running.get(name) === started && running.delete(name));
    return started;
  }

  async function run(name: string, unit: Unit, line: string): Promise<void> {
    const code = await start(name, unit, line).gone;
    if (code !== 0) throw new Error(`${name} ended with ${code}: ${journal.get(name)}`);
  }

  const unitOf = (name: string): Unit => readUnit(folder, name);
  const logOf = (name: string): string => journal.get(name) ?? '';

  async function stop(name: string): Promise<void> {
    const service = running.get(name);
    service?.child.kill('SIGTERM');
    await service?.gone;
  }

  return {
    unit: unitOf,
    log: logOf,
    stop,
    async start(name: string): Promise<void> {
      const unit = unitOf(name);
      if (name.endsWith('.timer')) {
        if (!EVERY_DAY.test(unit.value('OnCalendar') ?? '')) throw new Error(`${name}: OnCalendar=${unit.value('OnCalendar')}`);
        // Throws when there is nothing to start at that hour.
        unitOf(unit.value('Unit') ?? name.replace(/timer$/, 'service'));
        return;
      }
      directories(unit);
      for (const line of unit.values('ExecStartPre')) await run(name, unit, line);
      const line = unit.value('ExecStart') ?? '';
      if (unit.value('Type') === 'oneshot') await run(name, unit, line);
      else start(name, unit, line);
    },
    /** Resolves when what it has said since its last start matches; rejects when it ends before. */
    async until(name: string, pattern: RegExp): Promise<void> {
      const service = running.get(name);
      const said = new Promise<void>((resolve) => {
        const look = (): void => {
          if (!pattern.test(logOf(name).slice(startedAt.get(name)))) return;
          listeners.delete(look);
          resolve();
        };
        listeners.add(look);
        look();
      });
      const ended = (service?.gone ?? Promise.resolve(null)).then((code) => {
        throw new Error(`${name} is gone (${code}): ${logOf(name)}`);
      });
      await Promise.race([said, ended]);
    },
    async end(): Promise<void> {
      await Promise.all(
        [...running.values()].map(({ child, gone }) => {
          child.kill('SIGKILL');
          return gone;
        }),
      );
    },
  };
}

export type Services = ReturnType<typeof services>;
