import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { COMMANDS, sottovoce } from '../../server/cli/sottovoce.ts';
import { sentenceOf } from '../../server/cli/sentence-of.ts';
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
      for (const line of [`help ${name}`, `${name} -h`, `--help ${name}`]) expect(await type(line)).toEqual(help);
    }
  });

  it('R31: no help is wider than a terminal', async () => {
    const families = [...new Set(COMMANDS.map(({ name }) => name.split(' ')[0] ?? ''))];
    for (const word of ['', ...families, ...COMMANDS.map(({ name }) => name)]) {
      const { code, said } = await type(`help ${word}`);
      expect(code, word).toBe(0);
      for (const line of said.split('\n')) expect(line.length, line).toBeLessThanOrEqual(80);
    }
    expect((await type('invite --help')).said).toMatch(
      /^Usage: sottovoce invite COMMAND [^\n]*\n\n {2}invite create .*\n {2}invite list .*\n {2}invite revoke .*\n\n/,
    );
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
    ['version --loud', 2, 'There is no option "--loud".'],
    ['--quick', 2, 'There is no option "--quick". See "sottovoce --help".'],
    ['invite --loud', 2, 'There is no option "--loud".'],
    ['version --json=1', 2, '--json takes no value.'],
    ['invite create --uses', 2, '--uses needs N after it. '],
    ['invite create --uses -1', 2, '--uses needs N after it; one that begins with a dash is written --uses=N. '],
    ['version now', 2, '"now" is more than it takes'],
    ['config check --config', 2, '--config needs FILE after it.'],
    ['config check --config /nowhere/at.all', 1, '/nowhere/at.all cannot be read: there is none.'],
    ['config check --config /', 1, '/ cannot be read: it is a folder.'],
  ])('R31: "%s" ends with %i and one sentence', async (line, expected, sentence) => {
    const { code, complained } = await type(line);
    expect(code).toBe(expected);
    expect(complained).toContain(sentence);
    expect(complained.split('\n').length).toBeLessThanOrEqual(2);
  });

  it.each([
    ['version', 'version'],
    ['-V', 'version'],
    ['config check', 'ok'],
    ['config print', 'settings'],
    ['config print --template', 'template'],
    ['help', 'commands'],
    ['invite --help', 'commands'],
    ['invite create --help', 'usage'],
    ['config print --config /nowhere', 'error'],
    ['sing', 'error'],
    ['version --loud', 'error'],
  ])('R31: "%s" answers with one JSON object on request, before the command or after it, and with nothing beside it', async (line, key) => {
    const answer = await type(`${line} --json`);
    expect(Object.keys(JSON.parse(answer.said) as object)).toContain(key);
    expect(answer.complained).toBe('');
    expect(await type(`--json ${line}`)).toEqual(answer);
  });

  it('R31: no word of the person who typed, nor the name of a file, moves the cursor', async () => {
    const origin = { SOTTOVOCE_ORIGIN: 'https://\u001b[2J\u202e' };
    for (const line of ['st\u001b[31mats', 'version --l\u001b[2Jd', 'config check --config /\u009b2J', 'config check']) {
      const { complained } = await type(line, line === 'config check' ? origin : {});
      expect(complained).toMatch(/^[^\p{Cc}\u202e]*\\u00[19]b[^\p{Cc}\u202e]*\n$/u);
    }
  });

  it('R31: the system is heard in sentences that say what to do', () => {
    const thrown = (code: string) => Object.assign(new Error(`${code}: raw words`), { code, path: '/data/x' });
    for (const code of [
      'SQLITE_CORRUPT',
      'SQLITE_NOTADB',
      'ENOSPC',
      'EROFS',
      'EACCES',
      'SQLITE_CANTOPEN',
      'SQLITE_BUSY_SNAPSHOT',
      'EIO',
      'EMFILE',
    ])
      expect(sentenceOf(thrown(code)), code).toMatch(/^(?!.*raw words)[A-Z].*\.$/);
    expect(sentenceOf(thrown('EACCES'))).toContain('/data/x');
    expect(sentenceOf(new Error('it is late.'))).toBe('It did not work: it is late.');
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

  it('R32: where settings are read from stands in the help and in the template', async () => {
    for (const line of ['help', 'help config', 'config print --template']) {
      const words = (await type(line)).said.replaceAll(/\n(?:# )?/g, ' ');
      for (const place of ['--config FILE', 'SOTTOVOCE_CONFIG', './sottovoce.conf', '/etc/sottovoce/sottovoce.conf'])
        expect(words).toContain(place);
    }
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

  it.each([
    ['SOTTOVOCE_PORT 8080', 'Line 2 is no setting: write SOTTOVOCE_PORT=VALUE.'],
    ['SOTTOVOCE_PORT: 8080', 'Line 2 is no setting: write SOTTOVOCE_PORT=VALUE.'],
    ['hello world', 'Line 2 is no setting: write NAME=VALUE, or # before a remark.'],
    ['=8080', 'Line 2 is no setting'],
    ['SOTTOVOCE_DATA="/var/lib', 'Line 2 opens a quote for SOTTOVOCE_DATA and does not close it.'],
    ['SOTTOVOCE_LOG=info', 'Line 2 sets SOTTOVOCE_LOG once more, after line 1; keep one.'],
    ['PORT=80', 'Line 2 sets PORT, and there is no such setting.'],
    ['\0', 'It is no text.'],
    ['\ufeffSOTTOVOCE_PORT=80', 'Line 2 is no setting'],
  ])('R32: a file with the line %j is refused, and told which line', async (line, sentence) => {
    const file = written('f.conf', `SOTTOVOCE_LOG=warn\n${line}\n`);
    const { code, said, complained } = await type(`config check --config ${file}`);
    expect([code, said]).toEqual([1, '']);
    expect(complained.startsWith(`${file}: ${sentence}`), complained).toBe(true);
    expect(complained.split('\n')).toHaveLength(2);
  });

  it('R32: what an editor writes beside the lines is no mistake: a mark at the beginning, other ends of lines, export, quotes', async () => {
    const file = written('g.conf', '\ufeffexport SOTTOVOCE_PORT="2000" # here\r\n\r\n  # there\r\n SOTTOVOCE_LOG = info\r\n');
    const { said } = await type(`config print --config ${file}`);
    for (const line of ['SOTTOVOCE_PORT=2000  # file', 'SOTTOVOCE_LOG=info  # file']) expect(said).toContain(line);
  });

  it('R32: all mistakes are told at once, each in its sentence', async () => {
    const file = written('h.conf', 'SOTTOVOCE_PORT=web\nhello\nSOTTOVOCE_PROT=1\n');
    const line = `config check --config ${file}`;
    const env = { SOTTOVOCE_LOG: 'all', SOTTOVOCE_TLS_KEY: 'key.pem', SOTTOVOCE_DATE: 'x' };
    const { code, complained } = await type(line, env);
    expect(code).toBe(1);
    const starts = [
      `${file}: Line 2 `,
      `${file}: Line 3 `,
      'SOTTOVOCE_PORT must',
      'SOTTOVOCE_LOG must',
      'SOTTOVOCE_TLS_CERT and',
      'The env',
    ];
    expect(complained.split('\n').map((sentence, index) => sentence.startsWith(starts[index] ?? ''))).toEqual(Array(7).fill(true));
    expect(JSON.parse((await type(`${line} --json`, env)).said)).toEqual({
      ok: false,
      file,
      mistakes: complained.trimEnd().split('\n'),
      warnings: [],
    });
  });

  it('R32: config check reads the files of the certificate too', async () => {
    const tls = { SOTTOVOCE_TLS_CERT: join(folder, 'none.pem'), SOTTOVOCE_TLS_KEY: join(folder, 'none.pem') };
    expect((await type('config check', tls)).complained).toMatch(/^The TLS certificate at .*none\.pem is not there\./);
  });

  it.each([
    ['http://chat.example.org', /^http:\/\/chat\.example\.org is not https, .*\n$/],
    ['http://localhost:8787', /^$/],
    ['https://chat.example.org', /^$/],
  ])('R32: of the origin %s, config check warns when browsers would not run the page', async (origin, warning) => {
    const { code, said, complained } = await type('config check', { SOTTOVOCE_ORIGIN: origin });
    expect([code, said]).toEqual([0, 'The settings are good.\n']);
    expect(complained).toMatch(warning);
  });

  it.each([
    ['https://Chat.Example.org', 'must be https://chat.example.org, as browsers write it (without capital letters)'],
    ['https://chat.example.org:443', 'must be https://chat.example.org, as browsers write it (without what goes without saying)'],
    ['https://bücher.example', 'must be https://xn--bcher-kva.example, as browsers write it (other letters than a to z are written so)'],
    ['https://*.example.org', 'must be one name that people type'],
    ['https://chat.example.org/', 'must look like https://chat.example.org with nothing after the name'],
    ['https://me@chat.example.org', 'must look like https://chat.example.org with nothing after the name'],
  ])('R32: the origin %s is refused with the reason', async (origin, sentence) => {
    const { code, complained } = await type('config check', { SOTTOVOCE_ORIGIN: origin });
    expect(code).toBe(1);
    expect(complained).toContain(`SOTTOVOCE_ORIGIN ${sentence}`);
    expect(complained).toContain(`"${origin}"`);
  });
});
