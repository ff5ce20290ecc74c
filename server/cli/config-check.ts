import { originFinding } from '../admin/doctor/network.ts';
import { type Config, fileOf, readConfigFrom, strangeInEnvironment, strangeNames } from '../config/config.ts';
import { ConfigMistake } from '../config/setting.ts';
import { originOf } from '../config/origin.ts';
import { readPair, whyWarnedOf } from '../plugins/tls-pair.ts';
import { systemClock } from '../ports.ts';
import type { Command, Input } from './command.ts';

/** Throws a ConfigMistake for files that do not serve. */
function whyBrowsersWarn(config: Config): string[] {
  if (config.tlsCert === undefined || config.tlsKey === undefined) return [];
  const { certificate } = readPair(config.tlsCert, config.tlsKey);
  const why = whyWarnedOf(certificate, originOf(config), systemClock.now());
  return why === undefined ? [] : [`Browsers will warn of the certificate: ${why}.`];
}

function look({ env, config: named }: Input): { mistakes: readonly string[]; warnings: string[] } {
  const strange = strangeNames(env).map(strangeInEnvironment);
  try {
    const { config } = readConfigFrom(env, named);
    const doubts = whyBrowsersWarn(config);
    const { verdict, said, todo } = originFinding(config);
    return { mistakes: strange, warnings: [...(verdict === 'ok' ? [] : [`${said} ${todo ?? ''}`.trim()]), ...doubts] };
  } catch (error) {
    if (!(error instanceof ConfigMistake)) throw error;
    return { mistakes: [...error.all, ...strange], warnings: [] };
  }
}

export const configCheck: Command = {
  name: 'config check',
  summary: 'Read all settings and say what is wrong, without starting.',
  about:
    'Reads the environment, the configuration file and the files of the certificate as "serve" would. Every mistake is one sentence that names the setting or the line. A warning is no mistake, and ends with 0.',
  examples: ['sottovoce config check --config /etc/sottovoce/sottovoce.conf'],
  async run(input) {
    const { mistakes, warnings } = look(input);
    const file = fileOf(input.env, input.config);
    const ok = mistakes.length === 0;
    if (input.json) input.out(`${JSON.stringify({ ok, file: file ?? null, mistakes, warnings })}\n`);
    else {
      for (const sentence of [...mistakes, ...warnings]) input.err(`${sentence}\n`);
      if (ok) input.out(`The settings are good${file ? ` (with ${file})` : ''}.\n`);
    }
    return ok ? 0 : 1;
  },
};
