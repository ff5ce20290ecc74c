// docs/deploy is read by people who set up a relay with it: what it names must exist.
import { readdirSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { COMMANDS } from '../../server/cli/sottovoce.ts';
import { SETTING_KEYS, SETTINGS } from '../../server/config/settings.ts';
import { ALIVE_EVERY_MS } from '../../server/routes/socket.ts';
import { ROUTE_RULES } from '../../server/routes/route-rules.ts';

const project = dirname(dirname(import.meta.dirname));
const FOLDER = join(project, 'docs/deploy');
const files = Object.fromEntries(readdirSync(FOLDER).map((name) => [name, readFileSync(join(FOLDER, name), 'utf8')]));
const read = (name: string): string => {
  const text = files[name];
  if (text === undefined) throw new Error(`docs/deploy/${name} is not there`);
  return text;
};
const all = Object.entries(files);
const value = (name: string, key: string): string | undefined => new RegExp(`\\b${key}(?:=|: )(\\S+)`).exec(read(name))?.[1];

/** What is typed after the command's name, by a machine or by people. `sudo -u sottovoce` names the user. */
const typed = (text: string): string[] =>
  [...text.matchAll(/(?<=^|[\s"/])sottovoce"?,? "?(?!sottovoce\b)([a-z]+)(?:"?,? "?([a-z]+))?/gm)].map(([, first = '', second]) =>
    COMMANDS.some(({ name }) => name === `${first} ${second}`) ? `${first} ${second}` : first,
  );

/** Asked for by the container's health check. */
const HEALTH = 'doctor';

describe('docs/deploy', () => {
  test('names only settings that exist, with values that they take', () => {
    const settings = SETTING_KEYS.map((key) => SETTINGS[key]);
    const set = all.flatMap(([file, text]) =>
      [...text.matchAll(/\b(SOTTOVOCE_[A-Z_]+)(?:=|: )([^\s'\\]+)/g)].map(([, name, text]) => ({ file, name, text: text ?? '' })),
    );
    expect(set.length).toBeGreaterThan(5);
    for (const { file, name, text } of set) {
      const setting = settings.find((one) => one.name === name);
      expect(setting, `${file}: ${name}`).toBeDefined();
      expect(() => setting?.parse(text.replace(/\$\{DOMAIN.*/, 'chat.example.org'), setting.name), `${file}: ${name}`).not.toThrow();
    }
    const names = all.flatMap(([, text]) => text.match(/\bSOTTOVOCE_[A-Z_]+/g) ?? []);
    expect(names.filter((name) => !settings.some((one) => one.name === name))).toEqual([]);
  });

  test('uses the port that the relay listens on', () => {
    const port = SETTINGS.port.fallback;
    expect(/^EXPOSE (\d+)$/m.exec(read('Dockerfile'))?.[1]).toBe(port);
    expect(/--to 127\.0\.0\.1:(\d+)/.exec(read('compose.yaml'))?.[1]).toBe(port);
    expect(read('compose.yaml')).toContain(`- 127.0.0.1:${port}:${port}\n`);
    expect(/proxy_pass http:\/\/127\.0\.0\.1:(\d+);/.exec(read('nginx.conf'))?.[1]).toBe(port);
    expect(/reverse_proxy 127\.0\.0\.1:(\d+)/.exec(read('README.md'))?.[1]).toBe(port);
    for (const [, text] of all) expect(text).not.toMatch(/\bSOTTOVOCE_PORT\b/);
  });

  test('nginx takes what the relay takes, waits longer than the relay is silent, and believes no visitor', () => {
    const [, body] = /client_max_body_size (\d+)k;/.exec(read('nginx.conf')) ?? [];
    const longest = Math.max(...Object.values(ROUTE_RULES).map(({ bodyBytes }) => bodyBytes));
    expect(Number(body) * 1_024).toBeGreaterThan(longest);
    expect(read('nginx.conf')).toContain(`${longest / 1_024} KiB`);
    const [, minutes] = /proxy_read_timeout (\d+)m;/.exec(read('nginx.conf')) ?? [];
    // A question and its answer.
    expect(Number(minutes) * 60_000).toBeGreaterThan(2 * ALIVE_EVERY_MS);
    expect(read('nginx.conf')).toContain(`every ${ALIVE_EVERY_MS / 1_000} seconds`);
    expect(read('nginx.conf')).toMatch(/^\t+proxy_set_header X-Forwarded-For \$remote_addr;$/m);
    expect(read('nginx.conf')).not.toContain('proxy_add_x_forwarded_for');
  });

  test('every command of compose in README.md has what compose.yaml asks for', () => {
    const asked = [...read('compose.yaml').matchAll(/\$\{([A-Z_]+)/g)].map(([, name]) => name ?? '');
    expect([...new Set(asked)]).toEqual(['DOMAIN']);
    for (const name of ['README.md', 'compose.yaml']) {
      const first = read(name).indexOf('docker compose -f');
      expect(read(name).slice(0, first)).toContain('echo DOMAIN=chat.example.org > docs/deploy/.env\n');
    }
  });

  test('keeps the data where it is kept', () => {
    const folder = value('Dockerfile', 'SOTTOVOCE_DATA');
    expect(/^VOLUME (\S+)$/m.exec(read('Dockerfile'))?.[1]).toBe(folder);
    expect(read('compose.yaml')).toContain(`- data:${folder}\n`);
    const state = value('sottovoce.service', 'StateDirectory');
    expect(value('sottovoce.service', 'SOTTOVOCE_DATA')).toBe(`/var/lib/${state}`);
    expect(value('sottovoce.service', 'WorkingDirectory')).toBe(`/var/lib/${state}`);
    expect(read('README.md')).toContain(`SOTTOVOCE_DATA=/var/lib/${state}\\n`);
  });

  test('types only commands that there are', () => {
    const commands = [...all.flatMap(([, text]) => typed(text)), ...JSON.parse(/^CMD (.+)$/m.exec(read('Dockerfile'))?.[1] ?? '')];
    expect(commands).toEqual(expect.arrayContaining(['serve', 'config check', 'config print', 'help', HEALTH]));
    const known = [...COMMANDS.map(({ name }) => name), 'help', HEALTH];
    expect(commands.filter((command) => !known.includes(command))).toEqual([]);
  });

  test('lets into the container what the build reads', () => {
    const admitted = [...read('Dockerfile.dockerignore').matchAll(/^!(.+)$/gm)].map(([, path]) => path ?? '');
    expect(admitted).toEqual(
      expect.arrayContaining(['LICENSE', 'client', 'crypto', 'server', 'scripts', 'package.json', 'package-lock.json', '.npmrc']),
    );
    expect(admitted.filter((path) => !readdirSync(project).includes(path))).toEqual([]);
    expect(read('Dockerfile.dockerignore')).toMatch(/^\*$/m);
  });
});

test('files of a database are opened in one place, which knows the single executable', () => {
  const server = join(project, 'server');
  const importers = readdirSync(server, { recursive: true, encoding: 'utf8' })
    .filter((path) => path.endsWith('.ts'))
    .filter((path) => /^import (?!type\b).*'better-sqlite3'/m.test(readFileSync(join(server, path), 'utf8')));
  expect(importers).toEqual(['store/sqlite-file.ts']);
});
