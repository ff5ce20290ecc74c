import {
  chmodSync,
  copyFileSync,
  existsSync,
  mkdirSync,
  readdirSync,
  realpathSync,
  renameSync,
  rmSync,
  statSync,
  statfsSync,
  writeFileSync,
} from 'node:fs';
import { basename, dirname, isAbsolute, join, relative, resolve, sep } from 'node:path';
import { checkDatabase } from '../../store/check-database.ts';
import { DATABASE_FILE, KEY_FILE, sync } from '../../store/data-folder.ts';
import { makeFolder } from '../../store/make-folder.ts';
import { RELAY_VERSION } from '../../version.ts';
import { BACKED_UP, backupName, isBackupName, MANIFEST_FILE, type Manifest, readManifest, sha256OfFile } from './manifest.ts';
import type { LongWork } from './long-work.ts';
import { makeSingleFile, sizeOf, snapshot } from './snapshot.ts';
import { openSqliteFile } from '../../store/sqlite-file.ts';

// What a killed backup left behind; none takes so long.
const LEFTOVER_AFTER_MS = 24 * 3_600_000;
const LEFTOVER = /^\.(?:sottovoce-.*\.part|removing-sottovoce-.*)$/;

export type Backup = { folder: string; manifest: Manifest; removed: string[] };
type Wishes = LongWork & { now: number; keep: number | undefined };

function requireSpace(into: string, neededBytes: number): void {
  const { bavail, bsize } = statfsSync(into);
  const mib = (bytes: number) => Math.ceil(bytes / 1_048_576);
  if (bavail * bsize >= neededBytes) return;
  throw new Error(`the backup needs ${mib(neededBytes)} MiB, and ${mib(bavail * bsize)} MiB are free in ${into}.`);
}

/** Where it is or will be, past all links. */
function realPlace(path: string): string {
  const whole = resolve(path);
  return existsSync(whole) ? realpathSync(whole) : join(realPlace(dirname(whole)), basename(whole));
}

/** What takes the data folder would take a backup in there with it. */
function requireOutside(dataDir: string, into: string): void {
  const way = relative(realPlace(dataDir), realPlace(into));
  if (way === '..' || way.startsWith(`..${sep}`) || isAbsolute(way)) return;
  throw new Error(`${into} lies in the data folder, and would be lost with it. Choose a folder elsewhere, best on another disk.`);
}

function dropLeftovers(into: string, now: number): void {
  for (const name of readdirSync(into).filter((one) => LEFTOVER.test(one))) {
    const path = join(into, name);
    if (now - statSync(path).mtimeMs > LEFTOVER_AFTER_MS) rmSync(path, { recursive: true, force: true });
  }
}

/** A copy of damaged data must not push older whole ones out. */
function requireSound(path: string): void {
  const copy = openSqliteFile(path, { readonly: true });
  try {
    const [first] = checkDatabase(copy, true);
    if (first !== undefined) throw new Error(`the data itself is not sound, and older backups were left alone. ${first}`);
  } finally {
    copy.close();
  }
}

async function fill(part: string, dataDir: string, { now, progress, goOn }: Wishes): Promise<Manifest> {
  const database = join(part, DATABASE_FILE);
  const { schema, counts } = await snapshot(join(dataDir, DATABASE_FILE), database, (done, total) => {
    goOn();
    progress(done, total);
  });
  makeSingleFile(database);
  requireSound(database);
  copyFileSync(join(dataDir, KEY_FILE), join(part, KEY_FILE));
  const files = [];
  for (const name of BACKED_UP) {
    goOn();
    const path = join(part, name);
    chmodSync(path, 0o600);
    sync(path);
    files.push({ name, bytes: statSync(path).size, sha256: await sha256OfFile(path, goOn) });
  }
  const madeAt = new Date(now).toISOString();
  const manifest: Manifest = { format: 'sottovoce backup 1', madeAt, version: RELAY_VERSION, schema, counts, files };
  writeFileSync(join(part, MANIFEST_FILE), `${JSON.stringify(manifest, null, 2)}\n`, { mode: 0o600, flush: true });
  sync(part);
  return manifest;
}

/** Whole backups of ours, newest first. Names are dates, so their order is that of time. */
export function backupsIn(into: string): string[] {
  const names = readdirSync(into).filter((name) => isBackupName(name) && readManifest(join(into, name)) !== undefined);
  return names.sort().reverse();
}

function removeOlder(into: string, keep: number): string[] {
  const old = backupsIn(into).slice(keep);
  for (const name of old) {
    // Renamed first, so that half of one is never taken for a whole one.
    const doomed = join(into, `.removing-${name}`);
    renameSync(join(into, name), doomed);
    rmSync(doomed, { recursive: true, force: true });
  }
  return old;
}

/** Of this second, or the next that has none. */
function freeName(into: string, now: number): string {
  let at = now;
  while (existsSync(join(into, backupName(at)))) at += 1_000;
  return backupName(at);
}

/** Made under another name and renamed when it is whole and on the platter; whatever ends it before leaves nothing that looks like one. */
export async function makeBackup(dataDir: string, into: string, wishes: Wishes): Promise<Backup> {
  requireOutside(dataDir, into);
  makeFolder(into);
  dropLeftovers(into, wishes.now);
  requireSpace(into, sizeOf(join(dataDir, DATABASE_FILE)));
  const name = freeName(into, wishes.now);
  const folder = join(into, name);
  const part = join(into, `.${name}.part`);
  mkdirSync(part, { mode: 0o700 });
  try {
    const manifest = await fill(part, dataDir, wishes);
    renameSync(part, folder);
    sync(into);
    return { folder, manifest, removed: wishes.keep === undefined ? [] : removeOlder(into, wishes.keep) };
  } catch (error) {
    rmSync(part, { recursive: true, force: true });
    throw error;
  }
}
