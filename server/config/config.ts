/** A setting's text comes from the environment, else from the configuration file, else it is the default. */
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { parseEnv } from 'node:util';
import { ConfigMistake } from './setting.ts';
import { nearestSetting, SETTING_KEYS, SETTINGS, type SettingKey } from './settings.ts';

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

// No file of settings or secret is longer; a path given by mistake may be a disk.
const MAX_FILE_BYTES = 65_536;

function readSmall(path: string, what: string): string {
  let text: Buffer;
  try {
    text = readFileSync(path);
  } catch (error) {
    const code = error instanceof Error && 'code' in error ? String(error.code) : 'unknown';
    throw new ConfigMistake(`${what} ${path} cannot be read (${code}).`);
  }
  if (text.length > MAX_FILE_BYTES) throw new ConfigMistake(`${what} ${path} is longer than ${MAX_FILE_BYTES} bytes.`);
  return text.toString('utf8');
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

function fileOf(env: NodeJS.ProcessEnv, named: string | undefined): string | undefined {
  return named ?? (env[CONFIG_NAME] || CONFIG_PLACES.find((place) => existsSync(place)));
}

function settingsOf(file: string): Record<string, string | undefined> {
  const settings = parseEnv(readSmall(file, 'The configuration file'));
  const strange = Object.keys(settings).find((name) => !knownName(name) || name === CONFIG_NAME);
  if (strange !== undefined) throw new ConfigMistake(`${file} sets ${strange}, and ${noSuch(strange)} "sottovoce config print" lists all.`);
  return settings;
}

function textOf(key: SettingKey, env: NodeJS.ProcessEnv, file: Record<string, string | undefined>): { text: string; source: ConfigSource } {
  const { name, fallback } = SETTINGS[key];
  // Nothing in the environment is nothing set, as in a compose file whose variable is empty.
  for (const [from, source] of [
    [env, 'environment'],
    [file, 'file'],
  ] as const) {
    const secretFile = from[`${name}${FILE_SUFFIX}`];
    if (secretFile && from[name]) throw new ConfigMistake(`${name} and ${name}${FILE_SUFFIX} are both set; keep one.`);
    if (secretFile) return { text: readSmall(secretFile, `${name}${FILE_SUFFIX} names a file:`).trim(), source: 'secret file' };
    const text = from[name];
    if (text !== undefined && text !== '') return { text, source };
  }
  return { text: fallback, source: 'default' };
}

/** Throws a ConfigMistake. `named`: the file of `--config`. */
export function readConfigFrom(env: NodeJS.ProcessEnv, named?: string): ReadConfig {
  const strange = Object.keys(env).filter((name) => name.startsWith('SOTTOVOCE_') && !knownName(name));
  const file = fileOf(env, named);
  const inFile = file === undefined ? {} : settingsOf(file);
  const texts = SETTING_KEYS.map((key) => [key, textOf(key, env, inFile)] as const);
  const values = texts.map(([key, { text }]) => [key, SETTINGS[key].parse(text, SETTINGS[key].name)]);
  const sources = texts.map(([key, { source }]) => [key, source]);
  const config = { ...(Object.fromEntries(values) as Settings), clientDir: CLIENT_DIR };
  if ((config.tlsCert === undefined) !== (config.tlsKey === undefined))
    throw new ConfigMistake('SOTTOVOCE_TLS_CERT and SOTTOVOCE_TLS_KEY go together, and one of them is not set.');
  if (config.tlsCert !== undefined && config.origin?.startsWith('http:'))
    throw new ConfigMistake(
      `With TLS of its own the relay speaks https alone: say https in SOTTOVOCE_ORIGIN, which is "${config.origin}".`,
    );
  if (config.metricsPort && config.metricsPort === config.port)
    throw new ConfigMistake(`SOTTOVOCE_METRICS_PORT must be another port than SOTTOVOCE_PORT, and both are ${config.port}.`);
  return { config, file, sources: Object.fromEntries(sources) as ReadConfig['sources'], strange };
}

/** The values alone. */
export function readConfig(env: NodeJS.ProcessEnv): Config {
  return readConfigFrom(env).config;
}
