import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { COMMANDS, sottovoce } from '../../server/cli/sottovoce.ts';
import { selfSigned } from '../support/certificate.ts';
import { SETTING_KEYS, SETTINGS } from '../../server/config/settings.ts';

let folder: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'sottovoce-command-'));
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

async function type(line: string, env: Record<string, string> = {}): Promise<{ code: number; said: string; complained: string }> {
  const [said, complained]: [string[], string[]] = [[], []];
  const around = {
    env,
    watched: false,
    ask: undefined,
    out: (text: string) => void said.push(text),
    err: (text: string) => void complained.push(text),
  };
  const code = await sottovoce(line.split(' ').filter(Boolean), around);
  return { code, said: said.join(''), complained: complained.join('') };
}

function written(name: string, text: string): string {
  const path = join(folder, name);
  writeFileSync(path, text);
  return path;
}

describe('the command sottovoce', () => {
  it('R31: teaches: an overview of all, and for each what it does, its options and an example', async () => {
    const { code, said } = await type('help');
    expect(code).toBe(0);
    for (const { name, summary } of COMMANDS) expect(said).toMatch(new RegExp(`  ${name} +${summary.replace(/[.?]/g, '\\$&')}`));
    for (const { name, about, examples, options } of COMMANDS) {
      const help = await type(`${name} --help`);
      expect(help.code).toBe(0);
      const words = help.said.replaceAll('\n', ' ');
      for (const part of [about, ...examples, ...Object.keys(options ?? {}), '--json']) expect(words).toContain(part);
      expect(await type(`help ${name}`)).toEqual(help);
    }
  });

  it('R31: no help is wider than a terminal', async () => {
    const families = [...new Set(COMMANDS.map(({ name }) => name.split(' ')[0] ?? ''))];
    for (const word of ['', ...families, ...COMMANDS.map(({ name }) => name)]) {
      const { code, said } = await type(`help ${word}`);
      expect(code, word).toBe(0);
      for (const line of said.split('\n')) expect(line.length, line).toBeLessThanOrEqual(80);
    }
    expect((await type('invite --help')).said).toMatch(/ {2}invite create .*\n {2}invite list .*\n {2}invite revoke .*\n\n/);
  });

  it.each([
    ['serv', 'There is no command "serv". Did you mean "serve"?'],
    ['help serv', 'There is no command "serv". Did you mean "serve"?'],
    ['invite creat', 'Did you mean "invite create"?'],
    ['acount list', 'Did you mean "account list"?'],
    ['acount', 'Did you mean "account"?'],
    ['invite make', 'There are "invite create", "invite list", "invite revoke".'],
    ['doctor --backup x', 'Did you mean --backups?'],
    ['account list --jsn', 'Did you mean --json?'],
    ['serve --prot 80', 'Did you mean the setting SOTTOVOCE_PORT,'],
    ['serve --host ::', 'Did you mean the setting SOTTOVOCE_HOST,'],
  ])('R31: "%s" is nearly a word, and is told which', async (line, guess) => {
    const { code, complained } = await type(line);
    expect(code).toBe(2);
    expect(complained).toContain(guess);
  });

  it.each(['sing', 'x', 'serve --loudly', 'mailbox'])('R31: "%s" is near to no word, and nothing is guessed', async (line) => {
    expect((await type(line)).complained).not.toContain('Did you mean');
  });

  it.each([
    ['', 2, ''],
    ['sing', 2, 'There is no command "sing"'],
    ['config', 2, '"config check", "config print"'],
    ['version --loud', 2, "Unknown option '--loud'"],
    ['version now', 2, '"now" is more than it takes'],
    ['config check --config', 2, "'--config"],
    ['config check --config /nowhere/at.all', 1, '/nowhere/at.all cannot be read (ENOENT)'],
  ])('R31: "%s" ends with %i and one sentence', async (line, expected, sentence) => {
    const { code, complained } = await type(line);
    expect(code).toBe(expected);
    expect(complained).toContain(sentence);
    expect(complained.split('\n').length).toBeLessThanOrEqual(2);
  });

  it('R31: answers with one JSON object on request, mistakes too', async () => {
    for (const line of ['version', 'config check', 'config print', 'config check --config /nowhere']) {
      const { said } = await type(`${line} --json`);
      expect(Object.keys(JSON.parse(said) as object).length).toBeGreaterThan(0);
    }
  });
});

describe('settings', () => {
  it('R32: the environment goes before the file, the file before the default, and each says where it is from', async () => {
    const file = written('a.conf', '# a comment\nSOTTOVOCE_PORT=1000\nSOTTOVOCE_INVITES_BY="admins"\n');
    const env = { SOTTOVOCE_PORT: '2000', SOTTOVOCE_LOG: '' };
    const { said } = await type(`config print --json --config ${file}`, env);
    const { settings } = JSON.parse(said) as { settings: { name: string; value: unknown; source: string }[] };
    const of = (name: string) => settings.find((setting) => setting.name === name);
    expect(of('SOTTOVOCE_PORT')).toMatchObject({ value: 2000, source: 'environment' });
    expect(of('SOTTOVOCE_INVITES_BY')).toMatchObject({ value: 'admins', source: 'file' });
    expect(of('SOTTOVOCE_LOG')).toMatchObject({ value: 'warn', source: 'default' });
    expect(settings).toHaveLength(SETTING_KEYS.length);
  });

  it('R32: a value may stand in a file of its own, and not in two places', async () => {
    const secret = written('origin', 'https://chat.example.org\n');
    const { said } = await type('config print', { SOTTOVOCE_ORIGIN_FILE: secret });
    expect(said).toContain('SOTTOVOCE_ORIGIN=https://chat.example.org  # secret file');
    const twice = await type('config check', { SOTTOVOCE_ORIGIN_FILE: secret, SOTTOVOCE_ORIGIN: 'https://other.example' });
    expect(twice).toMatchObject({ code: 1, complained: 'SOTTOVOCE_ORIGIN and SOTTOVOCE_ORIGIN_FILE are both set; keep one.\n' });
  });

  it('R32: a mistyped name in the file is refused, in the environment told', async () => {
    const file = written('b.conf', 'SOTTOVOCE_PROT=1000\n');
    const inFile = await type(`config check --config ${file}`);
    expect(inFile).toMatchObject({ code: 1, said: '' });
    expect(inFile.complained).toMatch(/sets SOTTOVOCE_PROT, and there is no such setting/);
    const inEnvironment = await type('config check', { SOTTOVOCE_PROT: '1000' });
    expect(inEnvironment.code).toBe(1);
    expect(inEnvironment.complained).toMatch(/^The environment sets SOTTOVOCE_PROT/);
    for (const { complained } of [inFile, inEnvironment]) expect(complained).toContain('Did you mean SOTTOVOCE_PORT?');
  });

  it('R32: what is not set says so, and an origin what it will be', async () => {
    const { said } = await type('config print', { SOTTOVOCE_PORT: '2000' });
    expect(said).toMatch(/^SOTTOVOCE_ORIGIN= {2}# not set: it will be http:\/\/localhost:2000\n/);
    expect(said).toContain('SOTTOVOCE_TLS_KEY=  # not set\n');
    const again = await type(`config print --json --config ${written('e.conf', said)}`);
    expect(JSON.parse(again.said)).toMatchObject({ origin: 'http://localhost:2000' });
    const { cert, key } = selfSigned(['chat.example.org']);
    const tls = { SOTTOVOCE_TLS_CERT: written('cert.pem', cert), SOTTOVOCE_TLS_KEY: written('key.pem', key), SOTTOVOCE_PORT: '443' };
    expect((await type('config print', tls)).said).toContain('it will be https://chat.example.org\n');
  });

  it('R32: the template explains every setting, changes nothing as it is, and can be read with every line switched on', async () => {
    const { said } = await type('config print --template');
    expect(await type(`config check --config ${written('c.conf', said)}`)).toMatchObject({ code: 0 });
    const on = said.replace(/^#(SOTTOVOCE_)/gm, '$1');
    const read = await type(`config print --json --config ${written('d.conf', on)}`);
    const values = (text: string) =>
      (JSON.parse(text) as { settings: { name: string; value: unknown }[] }).settings.map(({ name, value }) => [name, value]);
    expect(values(read.said)).toEqual(values((await type('config print --json')).said));
    for (const key of SETTING_KEYS) expect(said).toContain(`#${SETTINGS[key].name}=${SETTINGS[key].fallback}`);
  });
});
