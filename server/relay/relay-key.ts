import { createHmac, createPrivateKey, createPublicKey, generateKeyPairSync, type KeyObject } from 'node:crypto';
import { existsSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Bytes } from '../protocol/bytes.ts';
import { INVITE_CODE_BYTES } from '../protocol/ids.ts';
import { hadAccounts } from '../store/any-account.ts';
import { DATABASE_FILE, isThere, KEY_FILE, refuseUnfinished, sync } from '../store/data-folder.ts';
import { DataTrouble } from '../store/data-trouble.ts';
import { makeFolder } from '../store/make-folder.ts';
import { giveToOwner } from '../store/ownership.ts';
import type { Store } from '../store/store.ts';

const BY_IT = 'those who have signed up know this relay by it';

function privateKeyOf(path: string): KeyObject {
  try {
    const key = createPrivateKey(readFileSync(path, 'utf8'));
    if (key.asymmetricKeyType === 'ed25519') return key;
  } catch (error) {
    if (error instanceof Error && 'syscall' in error && 'code' in error && error.code !== 'EISDIR') throw error;
  }
  throw new DataTrouble(
    `${path} does not hold the relay's key.`,
    `Put it back from a backup: ${BY_IT}. If nobody has, delete it and start again.`,
  );
}

export type RelayKey = { privateKey: KeyObject; publicX: string; firstInvite: Bytes; retiredKey: Bytes };

function withDerived(privateKey: KeyObject): RelayKey {
  const secret = privateKey.export({ format: 'jwk' }).d ?? '';
  const publicX = createPublicKey(privateKey).export({ format: 'jwk' }).x ?? '';
  // Derived, so that every start until its use can print the same link while the database holds a digest alone.
  const mac = (text: string): Bytes => new Uint8Array(createHmac('sha256', Buffer.from(secret, 'base64url')).update(text).digest());
  return {
    privateKey,
    publicX,
    firstInvite: mac('Sottovoce v1 first invite').slice(0, INVITE_CODE_BYTES),
    retiredKey: mac('Sottovoce v1 retired names'),
  };
}

/** The relay's one lasting secret, beside the database and never in it: it signs username certificates. */
export function relayKey(folder: string): RelayKey {
  return withDerived(privateKeyOf(join(folder, KEY_FILE)));
}

/**
 * Undefined where a relay is yet to begin. A key without its database, or a database that had accounts without its key, is refused with
 * a sentence: with another key nobody would know this relay, and in an empty database the first invite's link would open again.
 */
export function keyOfData(dataDir: string): RelayKey | undefined {
  refuseUnfinished(dataDir);
  const [key, database] = [KEY_FILE, DATABASE_FILE].map((name) => join(dataDir, name)) as [string, string];
  if (isThere(key)) {
    if (isThere(database)) return relayKey(dataDir);
    throw new DataTrouble(
      `${database} is missing, and the key beside it is there.`,
      `Put back a backup with "sottovoce restore"; to begin anew, delete ${key} too, and everybody has to sign up again.`,
    );
  }
  if (!isThere(database) || !hadAccounts(database)) return undefined;
  throw new DataTrouble(
    `${key} is missing.`,
    `Put it back from a backup: ${BY_IT}. Without one, move the folder away, and everybody has to sign up anew.`,
  );
}

/** Under the lock of the open store, so that no two are made; whole or not at all, whenever the power goes. */
function keep({ privateKey }: RelayKey, dataDir: string): void {
  const path = join(dataDir, KEY_FILE);
  if (existsSync(path)) throw new Error('Another relay has begun in this folder at the same time. Start again.');
  const next = `${path}.new`;
  try {
    writeFileSync(next, privateKey.export({ type: 'pkcs8', format: 'pem' }), { mode: 0o600, flush: true });
    giveToOwner(dataDir, next);
    renameSync(next, path);
    sync(dataDir);
  } catch (error) {
    rmSync(next, { recursive: true, force: true });
    throw error;
  }
}

/** The key and the store it belongs to. A first start makes the database before the key: a crash between leaves one that nobody is in. */
export async function openWithKey(
  dataDir: string,
  open: (key: RelayKey) => Store | Promise<Store>,
): Promise<{ key: RelayKey; store: Store }> {
  makeFolder(dataDir);
  const found = keyOfData(dataDir);
  const key = found ?? withDerived(generateKeyPairSync('ed25519').privateKey);
  const store = await open(key);
  try {
    if (!found) keep(key, dataDir);
    return { key, store };
  } catch (error) {
    await store.close();
    throw error;
  }
}
