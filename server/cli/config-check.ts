import { readConfigFrom, strangeInEnvironment } from '../config/config.ts';
import type { Command } from './command.ts';

export const configCheck: Command = {
  name: 'config check',
  summary: 'Read all settings and say what is wrong, without starting.',
  about:
    'Reads the environment and the configuration file as "serve" would. The first mistake is said in one sentence that names the setting.',
  examples: ['sottovoce config check --config /etc/sottovoce/sottovoce.conf'],
  async run({ env, config: named, json, out, err }) {
    const { file, strange } = readConfigFrom(env, named);
    for (const name of strange) err(`${strangeInEnvironment(name)}\n`);
    out(
      json
        ? `${JSON.stringify({ ok: strange.length === 0, file: file ?? null, strange })}\n`
        : `${strange.length === 0 ? 'The settings are good' : 'All other settings are good'}${file ? ` (with ${file})` : ''}.\n`,
    );
    return strange.length === 0 ? 0 : 1;
  },
};
