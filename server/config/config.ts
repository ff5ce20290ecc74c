/** A setting's text comes from the environment, else from the configuration file, else it is the default. */
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { readLines } from './config-lines.ts';
import { ConfigMistake } from './setting.ts';
import { nearestSetting, SETTING_KEYS, SETTINGS, type SettingKey } from './settings.ts';
import { whyUnreadable } from './unreadable.ts';

type Settings = { [K in SettingKey]: ReturnType<(typeof SETTINGS)[K]['parse']> };

export type Config = Settings & {
  /** The built page. */
  clientDir: string;
};

/** Where each setting's text came from, for `config print`. */
export type ConfigSource = 'default' | 'environment' | 'file' | 'secret file';
export type ReadConfig = {
  config: Config;
  file: string | undefined;
  sources: Record<SettingKey, ConfigSource>;
  /**
   * Names in the environment that begin as ours and are none, most likely mistyped. Told and no reason to refuse: container systems put
   * such names there by themselves.
   */
  strange: string[];
};

const CLIENT_DIR = join(import.meta.dirname, '..', '..', 'dist', 'client');
const CONFIG_NAME = 'SOTTOVOCE_CONFIG';
const FILE_SUFFIX = '_FILE';

/** Looked for in this order when none is named. */
const CONFIG_PLACES = ['sottovoce.conf', '/etc/sottovoce/sottovoce.conf'];

export const WHERE_SETTINGS_ARE = `Settings are read from the environment, and from one file: --config FILE, else the one that ${CONFIG_NAME} names, else ./${CONFIG_PLACES.join(', else ')}.`;

// No file of settings or secret is longer; a path given by mistake may be a disk.
const MAX_FILE_BYTES = 65_536;

function readSmall(path: string, what: string): Buffer {
  let bytes: Buffer;
  try {
    bytes = readFileSync(path);
  } catch (error) {
    throw new ConfigMistake(`${what} ${path} cannot be read: ${whyUnreadable(error)}.`);
  }
  if (bytes.length > MAX_FILE_BYTES) throw new ConfigMistake(`${what} ${path} is longer than ${MAX_FILE_BYTES} bytes.`);
  return bytes;
}

function knownName(name: string): boolean {
  const plain = name.endsWith(FILE_SUFFIX) ? name.slice(0, -FILE_SUFFIX.length) : name;
  return name === CONFIG_NAME || SETTING_KEYS.some((key) => SETTINGS[key].name === name || SETTINGS[key].name === plain);
}

function noSuch(name: string): string {
  const near = nearestSetting(name);
  return `there is no such setting.${near === undefined ? '' : ` Did you mean ${near}?`}`;
}

export function strangeInEnvironment(name: string): string {
  return `The environment sets ${name}, and ${noSuch(name)}`;
}

export function strangeNames(env: NodeJS.ProcessEnv): string[] {
  return Object.keys(env).filter((name) => name.startsWith('SOTTOVOCE_') && !knownName(name));
}

/** The configuration file that is read: undefined when none is named and none stands where it is looked for. */
export function fileOf(env: NodeJS.ProcessEnv, named: string | undefined): string | undefined {
  return named ?? (env[CONFIG_NAME] || CONFIG_PLACES.find((place) => existsSync(place)));
}

type InFile = Record<string, string | undefined>;

function settingsOf(file: string): { settings: InFile; mistakes: string[] } {
  const { lines, mistakes } = readLines(readSmall(file, 'The configuration file'));
  const strange = lines
    .filter(({ name }) => !knownName(name) || name === CONFIG_NAME)
    .map(({ name, number }) => `Line ${number} sets ${name}, and ${noSuch(name)} "sottovoce config print" lists all.`);
  return {
    settings: Object.fromEntries(lines.map(({ name, value }) => [name, value])),
    mistakes: [...mistakes, ...strange].map((mistake) => `${file}: ${mistake}`),
  };
}

function textOf(key: SettingKey, env: NodeJS.ProcessEnv, file: InFile): { text: string; source: ConfigSource } {
  const { name, fallback } = SETTINGS[key];
  // Nothing in the environment is nothing set, as in a compose file whose variable is empty.
  for (const [from, source] of [
    [env, 'environment'],
    [file, 'file'],
  ] as const) {
    const secretFile = from[`${name}${FILE_SUFFIX}`];
    if (secretFile && from[name]) throw new ConfigMistake(`${name} and ${name}${FILE_SUFFIX} are both set; keep one.`);
    if (secretFile)
      return { text: readSmall(secretFile, `${name}${FILE_SUFFIX} names a file:`).toString('utf8').trim(), source: 'secret file' };
    const text = from[name];
    if (text !== undefined && text !== '') return { text, source };
  }
  return { text: fallback, source: 'default' };
}

/** Throws a ConfigMistake with all that is wrong. `named`: the file of `--config`. */
export function readConfigFrom(env: NodeJS.ProcessEnv, named?: string): ReadConfig {
  const mistakes: string[] = [];
  function attempt<Value>(read: () => Value): Value | undefined {
    try {
      return read();
    } catch (error) {
      if (!(error instanceof ConfigMistake)) throw error;
      mistakes.push(...error.all);
      return undefined;
    }
  }
  const file = fileOf(env, named);
  const inFile = file === undefined ? undefined : attempt(() => settingsOf(file));
  mistakes.push(...(inFile?.mistakes ?? []));
  const read = SETTING_KEYS.map((key) => {
    const found = attempt(() => {
      const { text, source } = textOf(key, env, inFile?.settings ?? {});
      return { value: SETTINGS[key].parse(text, SETTINGS[key].name), source };
    });
    return [key, found] as const;
  });
  const config = { ...(Object.fromEntries(read.map(([key, found]) => [key, found?.value])) as Settings), clientDir: CLIENT_DIR };
  const sources = Object.fromEntries(read.map(([key, found]) => [key, found?.source])) as ReadConfig['sources'];
  if (sources.tlsCert && sources.tlsKey && (config.tlsCert === undefined) !== (config.tlsKey === undefined))
    mistakes.push('SOTTOVOCE_TLS_CERT and SOTTOVOCE_TLS_KEY go together, and one of them is not set.');
  if (config.tlsCert !== undefined && config.origin?.startsWith('http:'))
    mistakes.push(`With TLS of its own the relay speaks https alone: say https in SOTTOVOCE_ORIGIN, which is "${config.origin}".`);
  if (config.metricsPort && config.metricsPort === config.port)
    mistakes.push(`SOTTOVOCE_METRICS_PORT must be another port than SOTTOVOCE_PORT, and both are ${config.port}.`);
  const [first, ...more] = mistakes;
  if (first !== undefined) throw new ConfigMistake(first, ...more);
  return { config, file, sources, strange: strangeNames(env) };
}

/** The values alone. */
export function readConfig(env: NodeJS.ProcessEnv): Config {
  return readConfigFrom(env).config;
}
