/**
 * One-time prekeys (https://signal.org/docs/specifications/x3dh/ §3.2): X25519 keys, each meant for one first message, deleted by its
 * receiver with the commit that accepts it. Unsigned, as in Signal: a relay that swaps one makes the handshake fail, no more.
 * Ids run from 1 and are never used again.
 */
import type { Bytes, RandomBytes } from '../bytes.ts';
import { generateKeyPair, type KeyPair } from './curve-key.ts';
import { requirePrekeyId } from './signed-prekey.ts';

export type OneTimePrekey = { id: number; publicKey: Bytes };
export type OneTimePrekeyPair = KeyPair & { id: number };

export async function generateOneTimePrekeys(firstId: number, count: number, random: RandomBytes): Promise<OneTimePrekeyPair[]> {
  const prekeys: OneTimePrekeyPair[] = [];
  for (let id = firstId; id < firstId + count; id++) prekeys.push({ id: requirePrekeyId(id), ...(await generateKeyPair(random)) });
  return prekeys;
}
