import { chmodSync, createWriteStream, existsSync, mkdirSync, readdirSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { setImmediate } from 'node:timers/promises';
import { relayKey } from '../../relay/relay-key.ts';
import { DATABASE_FILE, KEY_FILE, lockDataFolder, STAGE_FOLDER, sync, UNFINISHED_FILE } from '../../store/data-folder.ts';
import { makeFolder } from '../../store/make-folder.ts';
import { giveToOwner } from '../../store/ownership.ts';
import { settleRestored } from '../../store/settle-restored.ts';
import { openSqlite } from '../../store/sqlite.ts';
import { decisionsIn, repeatDecisions } from './decisions.ts';
import { counted, type LongWork, partsOf } from './long-work.ts';
import { BACKED_UP, dateName, type Manifest, readManifest } from './manifest.ts';
import { verifyFolder } from './verify.ts';
import { openSqliteFile } from '../../store/sqlite-file.ts';

const ASIDE = 'before-restore-';

// All that belongs to the database; its journal holds what was committed last.
const REPLACED = /^relay\.(?:sqlite(?:-wal|-shm|-journal)?|key)$/;

export type Restored = {
  manifest: Manifest /** Where the data that was there before lies now. */;
  aside: string | undefined;
  repeated: number;
};

// A mailbox's bounds count at submission alone.
const NO_QUOTA = { maxEnvelopes: Number.MAX_SAFE_INTEGER, maxBytes: Number.MAX_SAFE_INTEGER };

/** Where the data lies that is replaced: in its place, and after an interrupted restore perhaps aside already. */
function replacedIn(dataDir: string): string[] {
  if (!existsSync(join(dataDir, UNFINISHED_FILE))) return [dataDir];
  const asides = readdirSync(dataDir).filter((name) => name.startsWith(ASIDE));
  return [
    dataDir,
    ...asides
      .sort()
      .reverse()
      .map((name) => join(dataDir, name)),
  ];
}

type From = { backup: string; seen(bytes: number): void };

async function prepareIn(stage: string, { backup, seen }: From, dataDir: string, now: number): Promise<number> {
  for (const name of BACKED_UP) await pipeline(partsOf(join(backup, name), seen), createWriteStream(join(stage, name), { mode: 0o600 }));
  const key = relayKey(stage);
  const store = openSqlite(stage, { quota: NO_QUOTA, retiredKey: key.retiredKey });
  let repeated = 0;
  try {
    const decisions = replacedIn(dataDir)
      .map((folder) => decisionsIn(folder, key))
      .find((found) => found !== undefined);
    await store.note('restore', { now, by: 'command line' });
    if (decisions) repeated = await repeatDecisions(store, decisions, key, now);
  } finally {
    await store.close();
  }
  const database = openSqliteFile(join(stage, DATABASE_FILE));
  try {
    database.pragma('secure_delete = ON');
    settleRestored(database);
    database.pragma('journal_mode = DELETE');
  } finally {
    database.close();
  }
  for (const name of BACKED_UP) {
    chmodSync(join(stage, name), 0o600);
    giveToOwner(dataDir, join(stage, name));
    sync(join(stage, name));
  }
  return repeated;
}

/** Moves what was there aside; names never clash, as each restore has a folder of its own. */
function moveAside(dataDir: string, now: number): string | undefined {
  const there = readdirSync(dataDir).filter((name) => REPLACED.test(name));
  if (there.length === 0) return undefined;
  let aside = join(dataDir, `${ASIDE}${dateName(now)}`);
  for (let again = 2; existsSync(aside); again++) aside = join(dataDir, `${ASIDE}${dateName(now)}-${again}`);
  mkdirSync(aside, { mode: 0o700 });
  giveToOwner(dataDir, aside);
  for (const name of there) renameSync(join(dataDir, name), join(aside, name));
  sync(aside);
  return aside;
}

/**
 * Inside the data folder from first to last, which may be a mount that cannot be renamed, and under the relay's lock. While files move, a mark
 * keeps every relay from starting on half of them; a restore that was killed then is run once more. Until then it may be told to end.
 */
export async function restoreBackup(dataDir: string, backup: string, now: number, work: LongWork): Promise<Restored> {
  const manifest = readManifest(backup);
  const copyBytes = manifest?.files.reduce((sum, file) => sum + file.bytes, 0) ?? 0;
  let verifiedBytes = 0;
  const { wrong } = await verifyFolder(backup, {
    goOn: work.goOn,
    progress(done, total) {
      verifiedBytes = total;
      work.progress(done, total + copyBytes);
    },
  });
  if (!manifest) throw new Error(`${backup} is no backup: it has no manifest.json of ours.`);
  if (wrong.length > 0) throw new Error(`the backup is not whole, and nothing was changed. ${wrong.join(' ')}`);
  makeFolder(dataDir);
  const held = lockDataFolder(dataDir);
  const stage = join(dataDir, STAGE_FOLDER);
  const mark = join(dataDir, UNFINISHED_FILE);
  try {
    rmSync(stage, { recursive: true, force: true });
    mkdirSync(stage, { mode: 0o700 });
    const seen = counted(verifiedBytes + copyBytes, work);
    seen(verifiedBytes);
    const repeated = await prepareIn(stage, { backup, seen }, dataDir, now);
    await setImmediate();
    work.goOn();
    writeFileSync(mark, `${backup}\n`, { mode: 0o600, flush: true });
    sync(dataDir);
    const aside = moveAside(dataDir, now);
    for (const name of [KEY_FILE, DATABASE_FILE]) renameSync(join(stage, name), join(dataDir, name));
    sync(dataDir);
    rmSync(mark);
    sync(dataDir);
    return { manifest, aside, repeated };
  } finally {
    rmSync(stage, { recursive: true, force: true });
    held.release();
  }
}
