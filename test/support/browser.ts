// A real Chromium for tests, without root: CHROME if set, else one the machine has, else the one from npm, which brings its own libraries.
import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, readFileSync, realpathSync, renameSync, rmSync, statSync } from 'node:fs';
import { createRequire } from 'node:module';
import { delimiter, dirname, join } from 'node:path';
import { type BrowserContext, chromium, type LaunchOptions } from 'playwright-core';

const project = dirname(dirname(import.meta.dirname));
const SYSTEM_NAMES = ['chromium', 'chromium-browser', 'google-chrome', 'google-chrome-stable', 'chrome'];
const MAC_PATHS = ['/Applications/Google Chrome.app/Contents/MacOS/Google Chrome', '/Applications/Chromium.app/Contents/MacOS/Chromium'];
const VERSION_TIMEOUT_MS = 20_000;
// A wrapper script is some kilobytes, the browser itself some hundred megabytes.
const WRAPPER_BYTES = 64 * 1024;

// Nothing here weakens what a page may do: web security and site isolation stay as people have them.
const QUIET_ARGS = ['--no-first-run', '--disable-background-networking', '--disable-component-update', '--disable-sync', '--disable-quic'];
const SYSTEM_ARGS = [...QUIET_ARGS, '--no-sandbox', '--disable-gpu'];
const NPM_ARGS = [...QUIET_ARGS, '--no-sandbox', '--no-zygote', '--use-angle=swiftshader', '--headless=shell'];

interface BrowserChoice {
  readonly from: 'CHROME' | 'machine' | 'npm';
  readonly launch: LaunchOptions & { executablePath: string };
}

/** A snap keeps out of hidden folders and of /tmp, so it cannot open the profiles made here. */
const isSnap = (path: string): boolean =>
  realpathSync(path).includes('/snap') || (statSync(path).size < WRAPPER_BYTES && readFileSync(path, 'utf8').includes('/snap/'));

function onMachine(): string | undefined {
  const paths = (process.env['PATH'] ?? '').split(delimiter).flatMap((folder) => SYSTEM_NAMES.map((name) => join(folder, name)));
  return [...paths, ...MAC_PATHS].find(
    (path) => existsSync(path) && !isSnap(path) && spawnSync(path, ['--version'], { timeout: VERSION_TIMEOUT_MS }).status === 0,
  );
}

// Its package unpacks into the temporary folder of its process, under fixed names: it is given a folder of the project as that.
const UNPACK = `
  const { default: chromium, inflate } = await import('@sparticuz/chromium');
  await chromium.executablePath(process.argv[1]);
  await inflate(process.argv[1] + '/al2023.tar.br');
`;

function fromNpm(): LaunchOptions & { executablePath: string } {
  if (process.platform !== 'linux' || process.arch !== 'x64') {
    throw new Error('Found no browser for the tests: set CHROME to the path of a Chrome or Chromium.');
  }
  const entry = createRequire(import.meta.url).resolve('@sparticuz/chromium');
  const home = dirname(dirname(entry));
  const { version } = JSON.parse(readFileSync(join(home, 'package.json'), 'utf8')) as { version: string };
  const folder = join(project, '.cache', `chromium-${version}`);
  if (!existsSync(folder)) {
    const partial = `${folder}.${process.pid}`;
    rmSync(partial, { recursive: true, force: true });
    mkdirSync(partial, { recursive: true });
    const unpacked = spawnSync(process.execPath, ['--input-type=module', '-e', UNPACK, join(home, 'bin')], {
      cwd: project,
      encoding: 'utf8',
      env: { ...process.env, TMPDIR: partial },
    });
    if (unpacked.status !== 0) throw new Error(`The browser from npm could not be unpacked: ${unpacked.stderr}`);
    try {
      renameSync(partial, folder);
    } catch (error) {
      // Another test process may have been quicker, and its folder is as good.
      rmSync(partial, { recursive: true, force: true });
      if (!existsSync(folder)) throw error;
    }
  }
  return {
    executablePath: join(folder, 'chromium'),
    args: NPM_ARGS,
    env: {
      ...process.env,
      LD_LIBRARY_PATH: [join(folder, 'al2023', 'lib'), process.env['LD_LIBRARY_PATH']].filter(Boolean).join(delimiter),
      ...(existsSync('/etc/fonts/fonts.conf') ? {} : { FONTCONFIG_PATH: join(folder, 'fonts') }),
    },
  };
}

let chosen: BrowserChoice | undefined;

function chooseBrowser(): BrowserChoice {
  if (chosen) return chosen;
  const named = process.env['CHROME'];
  const found = named || onMachine();
  chosen = found
    ? { from: named ? 'CHROME' : 'machine', launch: { executablePath: found, args: SYSTEM_ARGS } }
    : { from: 'npm', launch: fromNpm() };
  return chosen;
}

type ProfileOptions = Omit<NonNullable<Parameters<typeof chromium.launchPersistentContext>[1]>, 'executablePath' | 'args' | 'env'>;

/** Starts a browser on a profile folder; close the context and call again with the same folder to come back to the same storage. */
export function launchProfile(folder: string, options: ProfileOptions = {}): Promise<BrowserContext> {
  mkdirSync(folder, { recursive: true });
  return chromium.launchPersistentContext(folder, { headless: true, ...options, ...chooseBrowser().launch });
}
