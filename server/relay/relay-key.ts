import { createHmac, createPrivateKey, createPublicKey, generateKeyPairSync, type KeyObject } from 'node:crypto';
import { readFileSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import type { Bytes } from '../protocol/bytes.ts';
import { INVITE_CODE_BYTES } from '../protocol/ids.ts';
import { KEY_FILE } from '../store/data-folder.ts';
import { FolderMistake, makeFolder } from '../store/make-folder.ts';

function has(error: unknown, code: string): boolean {
  return error instanceof Error && 'code' in error && error.code === code;
}

function pemOf(path: string): string {
  const fresh = generateKeyPairSync('ed25519').privateKey.export({ type: 'pkcs8', format: 'pem' }) as string;
  try {
    writeFileSync(path, fresh, { mode: 0o600, flag: 'wx', flush: true });
    return fresh;
  } catch (error) {
    if (has(error, 'EEXIST')) return readFileSync(path, 'utf8');
    // A full disk leaves an empty file, which the next start would take for the key.
    rmSync(path, { force: true });
    throw error;
  }
}

function privateKeyOf(path: string): KeyObject {
  try {
    const key = createPrivateKey(pemOf(path));
    if (key.asymmetricKeyType === 'ed25519') return key;
  } catch (error) {
    if (['EACCES', 'EROFS', 'ENOSPC', 'EMFILE'].some((code) => has(error, code))) throw error;
    if (has(error, 'ENOENT')) throw new FolderMistake(`the system keeps no files in ${dirname(path)}.`, 'ENOENT');
  }
  throw new Error(
    `${path} does not hold the relay's key. Put it back from a backup: those who have signed up know this relay by it. If nobody has, delete it and start again.`,
  );
}

export type RelayKey = { privateKey: KeyObject; publicX: string; firstInvite: Bytes; retiredKey: Bytes };

/** The relay's one lasting secret, beside the database and never in it: it signs username certificates. */
export function relayKey(dataDir: string): RelayKey {
  makeFolder(dataDir);
  const privateKey = privateKeyOf(join(dataDir, KEY_FILE));
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
