import { createHmac, createPrivateKey, createPublicKey, generateKeyPairSync, type KeyObject } from 'node:crypto';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Bytes } from '../protocol/bytes.ts';
import { INVITE_CODE_BYTES } from '../protocol/ids.ts';
import { KEY_FILE } from '../store/data-folder.ts';

function pemOf(dataDir: string): string {
  const path = join(dataDir, KEY_FILE);
  mkdirSync(dataDir, { recursive: true, mode: 0o700 });
  const fresh = generateKeyPairSync('ed25519').privateKey.export({ type: 'pkcs8', format: 'pem' }) as string;
  try {
    writeFileSync(path, fresh, { mode: 0o600, flag: 'wx', flush: true });
    return fresh;
  } catch (error) {
    if (!(error instanceof Error && 'code' in error && error.code === 'EEXIST')) throw error;
    return readFileSync(path, 'utf8');
  }
}

export type RelayKey = { privateKey: KeyObject; publicX: string; firstInvite: Bytes; retiredKey: Bytes };

/** The relay's one lasting secret, beside the database and never in it: it signs username certificates. */
export function relayKey(dataDir: string): RelayKey {
  const privateKey = createPrivateKey(pemOf(dataDir));
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
