/**
 * Identity rotation: how an account changes its identity key (D6). A chain (entry.ts) whose id is the account id; the author is the
 * account, the operation 1, the body the new identity key (32 bytes); every entry is signed by the account key of the genesis record.
 *   current identity key = body of the last entry, or the genesis record's when there is none
 *   version              = number of entries
 * A device holds no account key, so a thief of a device cannot rotate (ATTACKS 37). A key that was once replaced never comes back.
 *
 * Not promised: freshness. Who sees no later entry believes the older key.
 */
import { type Bytes, equalBytes } from '../bytes.ts';
import { require } from '../errors.ts';
import { type AccountId, accountIdToBytes } from '../keys/account-id.ts';
import { CURVE_KEY_BYTES, requireCurveKey } from '../keys/curve-key.ts';
import { accountIdOf, encodeGenesis, type GenesisRecord } from '../keys/genesis-record.ts';
import { seedSigner } from '../keys/signature.ts';
import { MAX_IDENTITY_ROTATIONS } from '../limits.ts';
import { CHAIN, NO_PREVIOUS, parseEntry, requireLink, signEntry, verifyEntry } from './entry.ts';

const OPERATION_ROTATE = 1;

export type IdentityHead = {
  identityKey: Bytes;
  version: number;
  headHash: Bytes;
  /** Oldest first, the current one last. */
  identityKeys: Bytes[];
};

export async function signIdentityRotation(
  accountSeed: Bytes,
  accountId: AccountId,
  previous: { version: number; headHash: Bytes },
  newIdentityKey: Bytes,
): Promise<Bytes> {
  require(previous.version < MAX_IDENTITY_ROTATIONS, 'too-large');
  return signEntry(seedSigner(accountSeed), {
    chain: CHAIN.identityRotation,
    chainId: accountIdToBytes(accountId),
    sequence: previous.version,
    previousHash: previous.headHash,
    operation: OPERATION_ROTATE,
    author: accountId,
    body: requireCurveKey(newIdentityKey),
  });
}

/** `entries` from the first on. Throws on the first that does not follow. */
export async function verifyRotationChain(genesis: GenesisRecord, entries: readonly Uint8Array[]): Promise<IdentityHead> {
  require(entries.length <= MAX_IDENTITY_ROTATIONS, 'too-large');
  const accountId = accountIdOf(encodeGenesis(genesis));
  const chainId = accountIdToBytes(accountId);
  let headHash: Bytes = NO_PREVIOUS;
  let identityKey = genesis.identityKey;
  const identityKeys = [identityKey];
  for (const bytes of entries) {
    const entry = parseEntry(bytes, CHAIN.identityRotation, chainId);
    requireLink(entry, identityKeys.length - 1, headHash);
    await verifyEntry(entry, genesis.accountKey);
    require(entry.operation === OPERATION_ROTATE && entry.author === accountId, 'not-allowed');
    require(entry.body.length === CURVE_KEY_BYTES, 'malformed');
    identityKey = requireCurveKey(entry.body);
    require(!identityKeys.some((key) => equalBytes(key, identityKey)), 'not-allowed');
    identityKeys.push(identityKey);
    headHash = entry.hash;
  }
  return { identityKey, version: entries.length, headHash, identityKeys };
}
