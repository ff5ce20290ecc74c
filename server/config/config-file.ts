import { SETTING_KEYS, SETTINGS } from './settings.ts';

const WIDTH = 96;

function wrapped(text: string): string[] {
  const lines: string[] = [];
  for (const word of text.split(' ')) {
    const last = lines.at(-1);
    if (last === undefined || last.length + word.length > WIDTH) lines.push(`# ${word}`);
    else lines[lines.length - 1] = `${last} ${word}`;
  }
  return lines;
}

/** The configuration file with every setting at its default and in a comment: what it is, and what it would be. */
export function configFile(): string {
  const lines = [
    ...wrapped(
      'Settings of the relay. Take away the # before one and change it. The environment goes before this file; NAME_FILE=PATH takes a value from a file of its own. "sottovoce config check" reads all of it and starts nothing.',
    ),
  ];
  let section = '';
  for (const key of SETTING_KEYS) {
    const setting = SETTINGS[key];
    if (setting.section !== section) {
      section = setting.section;
      lines.push('', '', `# ${section}`, `# ${'-'.repeat(section.length)}`);
    }
    lines.push('', ...wrapped(setting.about), `#${setting.name}=${setting.fallback}`);
  }
  return `${lines.join('\n')}\n`;
}
