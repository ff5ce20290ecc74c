/**
 * What the library believes to be a database: our own keys and nothing else, made for one call and dropped after it. Trust, prekeys and
 * sessions are decided and carried outside (L1, L6, L12, L13, L14), so nothing the library would save here matters.
 */
import { CryptoError } from '../errors.ts';
import type { KeyPair } from '../keys/curve-key.ts';
import { encodeKey, type LibraryKeyPair, type LibraryStorage, toBuffer } from './library.ts';

export type OurKeys = { identity: KeyPair; registrationId: number };

/** Every peer has this name: the library parses addresses wrongly (L9) and on a store for one session a name says nothing. */
export const LIBRARY_ADDRESS = 'peer.1';

export function libraryPair(pair: KeyPair): LibraryKeyPair {
  return { pubKey: encodeKey(pair.publicKey).buffer, privKey: toBuffer(pair.privateKey) };
}

const refuse = (): Promise<never> => Promise.reject(new CryptoError('not-allowed'));

export function throwAwayStore(ours: OurKeys): LibraryStorage {
  return {
    getIdentityKeyPair: async () => libraryPair(ours.identity),
    getLocalRegistrationId: async () => ours.registrationId,
    isTrustedIdentity: async () => true,
    saveIdentity: async () => true,
    storeSession: async () => undefined,
    loadSession: refuse,
    loadPreKey: refuse,
    storePreKey: refuse,
    removePreKey: refuse,
    loadSignedPreKey: refuse,
    storeSignedPreKey: refuse,
    removeSignedPreKey: refuse,
  };
}
