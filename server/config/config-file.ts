import { WHERE_SETTINGS_ARE } from './config.ts';
import { SETTING_KEYS, SETTINGS } from './settings.ts';
import { wrapped } from './wrapped.ts';

const COMMENT_WIDTH = 78;

function comment(text: string): string[] {
  return wrapped(text, COMMENT_WIDTH).map((line) => `# ${line}`);
}

/** The configuration file with every setting at its default and in a comment: what it is, and what it would be. */
export function configFile(): string {
  const lines = [
    ...comment(
      `Settings of the relay. Take away the # before one and change it. ${WHERE_SETTINGS_ARE} The environment goes before the file; NAME_FILE=PATH takes a value from a file of its own. "sottovoce config check" reads all of it and starts nothing.`,
    ),
  ];
  let section = '';
  for (const key of SETTING_KEYS) {
    const setting = SETTINGS[key];
    if (setting.section !== section) {
      section = setting.section;
      lines.push('', '', `# ${section}`, `# ${'-'.repeat(section.length)}`);
    }
    lines.push('', ...comment(setting.about), `#${setting.name}=${setting.fallback}`);
  }
  return `${lines.join('\n')}\n`;
}
