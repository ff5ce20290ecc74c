import { configFile } from '../config/config-file.ts';
import { readConfigFrom } from '../config/config.ts';
import { SETTING_KEYS, SETTINGS } from '../config/settings.ts';
import type { Command } from './command.ts';

export const configPrint: Command = {
  name: 'config print',
  summary: 'Print every setting with its value and where it comes from.',
  about: 'With --template it prints a configuration file instead: every setting at its default, in a comment that says what it does.',
  options: { template: { type: 'boolean', about: 'Print a commented configuration file to start from.' } },
  examples: ['sottovoce config print', 'sottovoce config print --template > sottovoce.conf'],
  async run({ env, config: named, json, values, out }) {
    if (values['template'] === true) {
      out(configFile());
      return 0;
    }
    const { config, file, sources } = readConfigFrom(env, named);
    const rows = SETTING_KEYS.map((key) => ({ name: SETTINGS[key].name, value: config[key] ?? null, source: sources[key] }));
    if (json) {
      out(`${JSON.stringify({ file: file ?? null, settings: rows })}\n`);
      return 0;
    }
    if (file) out(`# with ${file}\n`);
    for (const { name, value, source } of rows)
      out(`${name}=${value === null ? '' : String(value)}${source === 'default' ? '' : `  # ${source}`}\n`);
    return 0;
  },
};
