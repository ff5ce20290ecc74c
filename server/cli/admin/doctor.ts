import { resolve } from 'node:path';
import { askRelay, RelayHangs } from '../../admin/acts-client.ts';
import { backupFindings } from '../../admin/doctor/backups.ts';
import { dataFolderFindings } from '../../admin/doctor/data-folder.ts';
import { databaseFindings } from '../../admin/doctor/database.ts';
import { keyFindings } from '../../admin/doctor/key.ts';
import { type Finding, ok, warning, wrong } from '../../admin/doctor/finding.ts';
import { hourFindings, lockFindings } from '../../admin/doctor/marks.ts';
import { metricsFinding, openFilesFinding, originFinding, portFinding } from '../../admin/doctor/network.ts';
import { tlsFindings } from '../../admin/doctor/tls.ts';
import { socketAddress } from '../../admin/socket-address.ts';
import { type Config, readConfigFrom, strangeInEnvironment } from '../../config/config.ts';
import { ConfigMistake } from '../../config/setting.ts';
import { originOf } from '../../config/origin.ts';
import { systemClock } from '../../ports.ts';
import { aliveAddress, isAlive } from './alive.ts';
import type { Command, Input } from '../command.ts';
import { columns } from '../show.ts';

/** Settings of this version, or of one that has them: the two files of a certificate. */
function certificateOf(config: Config): { cert: string; key: string } | undefined {
  const { tlsCert: cert, tlsKey: key } = config as Config & { tlsCert?: unknown; tlsKey?: unknown };
  return typeof cert === 'string' && typeof key === 'string' ? { cert, key } : undefined;
}

// A disk that hangs keeps a relay from counting, though it answers otherwise.
const STATS_WITHIN_MS = 10_000;

function unasked(path: string, error: unknown): Finding {
  const code = error instanceof Error && 'code' in error ? error.code : '';
  if (error instanceof RelayHangs) return wrong('relay', 'A relay runs on this data and does not answer.', 'Restart it.');
  if (code === 'EACCES' || code === 'EPERM')
    return warning(
      'relay',
      `This user may not use ${path}, where a relay that runs would be asked.`,
      'Run this as the user the relay runs as.',
    );
  return warning('relay', 'A relay runs on this data, of another version than this.', 'Restart it after an update.');
}

async function relayFinding({ dataDir }: Config): Promise<Finding> {
  const { path, tooLong } = socketAddress(dataDir);
  const stats = tooLong
    ? undefined
    : await askRelay(path, 'stats', {}, STATS_WITHIN_MS).catch((error: unknown) => new Error('', { cause: error }));
  if (stats instanceof Error) return unasked(path, stats.cause);
  if (stats === undefined) return ok('relay', 'No relay runs on this data now; "sottovoce serve" starts one.');
  const connected = stats.sockets ?? 0;
  return ok('relay', `A relay runs on this data, with ${connected} ${connected === 1 ? 'device' : 'devices'} connected.`);
}

async function examine({ env, config: named, values }: Input): Promise<Finding[]> {
  const now = systemClock.now();
  let read: ReturnType<typeof readConfigFrom>;
  try {
    read = readConfigFrom(env, named);
  } catch (error) {
    if (!(error instanceof ConfigMistake)) throw error;
    return [wrong('settings', error.message, 'Correct it; nothing else can be looked at before.')];
  }
  const { config, file, strange } = read;
  const certificate = certificateOf(config);
  const backups = values['backups'];
  return [
    strange.length === 0
      ? ok('settings', `They are good${file === undefined ? '' : ` (with ${file})`}.`)
      : warning('settings', strange.map(strangeInEnvironment).join(' '), 'Correct it; "sottovoce config print" lists all.'),
    ...dataFolderFindings(config.dataDir),
    ...keyFindings(config.dataDir),
    ...lockFindings(config.dataDir),
    ...databaseFindings(config.dataDir, now),
    ...hourFindings(config.dataDir, now),
    await relayFinding(config),
    await portFinding(config, certificate ? 'https' : 'http'),
    originFinding(config),
    ...(await metricsFinding(config)),
    openFilesFinding(config),
    ...(certificate ? tlsFindings(certificate.cert, certificate.key, originOf(config), now) : []),
    ...(typeof backups === 'string' ? backupFindings(resolve(backups), config.dataDir, now) : []),
  ];
}

/** Nothing but what `/healthz` says: often, cheaply, and never for a reason that a restart would not mend. */
async function quick({ env, config: named, json, out, err }: Input): Promise<number> {
  const address = aliveAddress(readConfigFrom(env, named).config);
  const alive = await isAlive(address);
  if (json) out(`${JSON.stringify({ ok: alive })}\n`);
  else if (alive) out('The relay answers.\n');
  else err(`No relay answers at ${address}.\n`);
  return alive ? 0 : 1;
}

const MARKS = { ok: 'ok     ', warning: 'warning', wrong: 'WRONG  ' } as const;

export const doctor: Command = {
  name: 'doctor',
  summary: 'Look for what is wrong, and say what to do.',
  about:
    'Looks at settings, data, clock, port, limits and certificate. Changes nothing and asks nobody outside this machine. Each line is ok, a warning, or wrong; it ends with 1 when something is wrong. With --backups it looks at the age of the last backup too. With --quick it only asks the relay that runs here whether it does, as a container does every half minute.',
  options: {
    backups: { type: 'string', value: 'DIR', about: 'Where "sottovoce backup" puts its folders.' },
    quick: { type: 'boolean', about: 'Ask nothing but /healthz: 0 when the relay answers, else 1.' },
  },
  examples: ['sottovoce doctor', 'sottovoce doctor --backups /var/backups/sottovoce'],
  async run(input) {
    if (input.values['quick'] === true) return quick(input);
    const findings = await examine(input);
    const bad = findings.some(({ verdict }) => verdict === 'wrong');
    if (input.json) input.out(`${JSON.stringify({ ok: !bad, findings })}\n`);
    else {
      const width = Math.max(...findings.map(({ about }) => about.length));
      const rows = findings.map(({ about, verdict, said, todo }): [string, string] => [
        `${MARKS[verdict]}  ${about.padEnd(width)}`,
        todo === undefined ? said : `${said} ${todo}`,
      ]);
      input.out(`${columns(rows).join('\n')}\n`);
    }
    return bad ? 1 : 0;
  },
};
