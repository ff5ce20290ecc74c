// What a guide's commands meet of the outside world, answered by the test's process.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { getCACertificates, setDefaultCACertificates } from 'node:tls';
import { selfSigned } from '../certificate.ts';
import type { Place, Services } from './services.ts';

export type Program = (...args: string[]) => Promise<string> | string;

const project = dirname(dirname(dirname(import.meta.dirname)));
const RELAY = 'sottovoce.service';
/** The relay's last line of a start. */
const ADDRESS = /^https:\/\/\S+$/m;

const unitName = (name = ''): string => (name.includes('.') ? name : `${name}.service`);

async function run(program: string, args: string[], env: Record<string, string>): Promise<string> {
  const child = spawn(program, args, { cwd: project, env, stdio: ['ignore', 'pipe', 'pipe'] });
  let said = '';
  for (const stream of [child.stdout, child.stderr]) stream.setEncoding('utf8').on('data', (text: string) => (said += text));
  const [code] = (await once(child, 'close')) as [number | null];
  if (code !== 0) throw new Error(`${program} ended with ${code}: ${said}`);
  return said;
}

const optionOf = (args: string[], name: string): string => args[args.indexOf(name) + 1] ?? '';

/** As certbot does it for the first time and at every renewal; this process trusts it from now on. */
export async function issue({ root, move, env }: Place, domain: string, hook: string): Promise<string> {
  const lineage = join(root, 'etc/letsencrypt/live', domain);
  const { cert, key } = selfSigned([domain]);
  setDefaultCACertificates([...getCACertificates('default'), cert]);
  mkdirSync(lineage, { recursive: true });
  writeFileSync(join(lineage, 'fullchain.pem'), cert);
  writeFileSync(join(lineage, 'privkey.pem'), key, { mode: 0o600 });
  await run('sh', ['-c', move(readFileSync(hook, 'utf8'))], { ...env, RENEWED_LINEAGE: lineage });
  return cert;
}

function systemctl(units: Services): Program {
  return async (...args) => {
    const [verb, name] = args.filter((arg) => !arg.startsWith('--'));
    if (verb === 'stop' || verb === 'restart') await units.stop(unitName(name));
    if (verb === 'start' || verb === 'restart' || verb === 'enable') {
      if (verb === 'enable' && units.unit(unitName(name)).value('WantedBy') === undefined) throw new Error(`${name} is wanted by nothing`);
      await units.start(unitName(name));
    } else if (verb !== 'stop' && verb !== 'daemon-reload') throw new Error(`systemctl ${verb}?`);
    return '';
  };
}

export function programs(place: Place, units: Services): Record<string, Program> {
  return {
    'apt-get': () => '',
    useradd: () => '',
    // What would be cloned is here, and there is nothing newer than what is tested.
    git: () => '',
    npm: (...args) => {
      if (args.join(' ') !== 'run build:binary') throw new Error(`npm ${args.join(' ')}?`);
      return run(process.execPath, ['scripts/binary/main.ts'], place.env);
    },
    certbot: async (...args) => {
      await issue(place, optionOf(args, '--domain'), optionOf(args, '--deploy-hook'));
      return '';
    },
    systemctl: systemctl(units),
    journalctl: (...args) => units.log(unitName(optionOf(args, '-u'))),
    // Its retries are for the moment that a start takes; here the relay says itself when that is over.
    curl: async (...args) => {
      await units.until(RELAY, ADDRESS);
      const response = await fetch(args.at(-1) ?? '');
      if (!response.ok) throw new Error(`${args.at(-1)} answered ${response.status}`);
      return response.text();
    },
  };
}
