/** Its message is one sentence for the person who started the relay: the first of `all`. */
export class ConfigMistake extends Error {
  readonly all: readonly string[];
  constructor(first: string, ...more: readonly string[]) {
    super(first);
    this.all = [first, ...more];
  }
}

/** One thing that can be set: by this name in the environment and in the configuration file alike. */
export type Setting<Value> = {
  name: `SOTTOVOCE_${string}`;
  /** As it would be written; empty: not set. */
  fallback: string;
  /** For the configuration file: what it is, with its unit, and when to change it. */
  about: string;
  section: string;
  /** Throws a ConfigMistake that quotes nothing of a secret. */
  parse(text: string, name: string): Value;
};

export function wholeNumber(min: number, max: number) {
  return (text: string, name: string): number => {
    if (/^\d{1,15}$/.test(text) && Number(text) >= min && Number(text) <= max) return Number(text);
    throw new ConfigMistake(`${name} must be a whole number from ${min} to ${max}, and it is "${text}".`);
  };
}

export function positiveNumber(min: number, max: number) {
  return (text: string, name: string): number => {
    if (/^\d{1,15}(?:\.\d{1,6})?$/.test(text) && Number(text) >= min && Number(text) <= max) return Number(text);
    throw new ConfigMistake(`${name} must be a number from ${min} to ${max}, and it is "${text}".`);
  };
}

export function oneOf<Choice extends string>(...choices: readonly Choice[]) {
  return (text: string, name: string): Choice => {
    const choice = choices.find((one) => one === text);
    if (choice === undefined) throw new ConfigMistake(`${name} must be one of ${choices.join(', ')}, and it is "${text}".`);
    return choice;
  };
}

export function optional<Value>(parse: (text: string, name: string) => Value) {
  return (text: string, name: string): Value | undefined => (text === '' ? undefined : parse(text, name));
}

export function path(text: string, name: string): string {
  if (text === '' || text.includes('\0')) throw new ConfigMistake(`${name} must be a path, and it is empty.`);
  return text;
}

/** Of a file that holds a secret. What is set by mistake may be the secret itself, so nothing of it is quoted. */
export function pemPath(text: string, name: string): string {
  if (['\n', '\0', '-----'].some((part) => text.includes(part)))
    throw new ConfigMistake(`${name} must be the path of a PEM file, and it is something else.`);
  return text;
}

export function hostName(text: string, name: string): string {
  if (!/^[A-Za-z0-9.:_-]{1,253}$/.test(text)) throw new ConfigMistake(`${name} must be a host name or an address, and it is "${text}".`);
  return text;
}

/** Why browsers write it otherwise; each of these is another way to write the same address. */
function whyOtherwise(text: string): string {
  if (/[^ -~]/.test(text)) return 'other letters than a to z are written so';
  return /[A-Z]/.test(text) ? 'without capital letters' : 'without what goes without saying';
}

export function origin(text: string, name: string): string {
  const url = URL.canParse(text) ? new URL(text) : undefined;
  const bare = url && url.pathname === '/' && !text.endsWith('/') && `${url.search}${url.hash}${url.username}${url.password}` === '';
  if (!url || !bare || !/^https?:$/.test(url.protocol))
    throw new ConfigMistake(`${name} must look like https://chat.example.org with nothing after the name, and it is "${text}".`);
  if (url.hostname.includes('*')) throw new ConfigMistake(`${name} must be one name that people type, and "${text}" stands for many.`);
  // What browsers report as location.origin, letter for letter: logins sign it.
  if (url.origin !== text)
    throw new ConfigMistake(`${name} must be ${url.origin}, as browsers write it (${whyOtherwise(text)}), and it is "${text}".`);
  return text;
}
