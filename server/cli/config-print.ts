import { configFile } from '../config/config-file.ts';
import { readConfigFrom } from '../config/config.ts';
import { originOf } from '../config/origin.ts';
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
      out(json ? `${JSON.stringify({ template: configFile() })}\n` : configFile());
      return 0;
    }
    const { config, file, sources } = readConfigFrom(env, named);
    const rows = SETTING_KEYS.map((key) => ({ name: SETTINGS[key].name, value: config[key] ?? null, source: sources[key] }));
    const origin = originOf(config);
    if (json) {
      out(`${JSON.stringify({ file: file ?? null, origin, settings: rows })}\n`);
      return 0;
    }
    if (file) out(`# with ${file}\n`);
    for (const { name, value, source } of rows) {
      const unset = name === SETTINGS.origin.name ? `not set: it will be ${origin}` : 'not set';
      const remark = value === null ? unset : source === 'default' ? '' : source;
      out(`${name}=${value === null ? '' : String(value)}${remark === '' ? '' : `  # ${remark}`}\n`);
    }
    return 0;
  },
};
