/**
 * One codec for the three signed, hash-linked chains: device list, identity rotation, group log (D5, D6).
 *   entry = version 1 ‖ chain kind 1 ‖ chain id 32 ‖ sequence u32 ‖ previous hash 32 ‖ operation 1 ‖ author account 32
 *           ‖ body length u32 ‖ body ‖ signature 64                                        171 bytes and the body
 *   hash  = SHA-256("Sottovoce v1 chain entry" ‖ 0x00 ‖ entry)                             the signature included
 * The signature is over all before it, under a purpose of the chain kind's own (signature.ts). The first entry has sequence 0 and a
 * previous hash of zeros.
 *
 * Not promised: that the author may do what he signed. Rules belong to each chain; here are only form, link and signature.
 */
import { type Bytes, concat, equalBytes, utf8 } from '../bytes.ts';
import { require } from '../errors.ts';
import { type AccountId, accountIdFromBytes, accountIdToBytes } from '../keys/account-id.ts';
import { SIGNATURE_BYTES, type Signer, signPurpose, verifyPurpose } from '../keys/signature.ts';
import { LABEL, PURPOSE, type Purpose } from '../labels.ts';
import { MAX_CHAIN_ENTRY_BYTES } from '../limits.ts';
import { primitives } from '../primitives/installed.ts';
import { reader } from '../wire/reader.ts';
import { writer } from '../wire/writer.ts';

const VERSION = 1;

export const HASH_BYTES = 32;
export const CHAIN_ID_BYTES = 32;
export const NO_PREVIOUS: Bytes = new Uint8Array(HASH_BYTES);

/** The chain-kind byte. */
export const CHAIN = { deviceList: 1, identityRotation: 2, groupLog: 3 } as const;
export type ChainKind = (typeof CHAIN)[keyof typeof CHAIN];

const PURPOSE_OF: Record<ChainKind, Purpose> = {
  [CHAIN.deviceList]: PURPOSE.deviceList,
  [CHAIN.identityRotation]: PURPOSE.identityRotation,
  [CHAIN.groupLog]: PURPOSE.groupLog,
};

export type ChainFields = {
  chain: ChainKind;
  chainId: Bytes;
  sequence: number;
  previousHash: Bytes;
  operation: number;
  author: AccountId;
  body: Bytes;
};

export type ChainEntry = ChainFields & { signed: Bytes; signature: Bytes; hash: Bytes };

function encodeFields(fields: ChainFields): Bytes {
  return writer()
    .u8(VERSION)
    .u8(fields.chain)
    .fixed(fields.chainId, CHAIN_ID_BYTES)
    .u32(fields.sequence)
    .fixed(fields.previousHash, HASH_BYTES)
    .u8(fields.operation)
    .fixed(accountIdToBytes(fields.author), 32)
    .sized(fields.body, MAX_CHAIN_ENTRY_BYTES)
    .done();
}

export async function signEntry(signer: Signer, fields: ChainFields): Promise<Bytes> {
  const signed = encodeFields(fields);
  require(signed.length + SIGNATURE_BYTES <= MAX_CHAIN_ENTRY_BYTES, 'too-large');
  return concat(signed, await signPurpose(signer, PURPOSE_OF[fields.chain], signed));
}

function entryHash(entry: Uint8Array): Bytes {
  return primitives.sha256(concat(utf8(LABEL.chainHash), Uint8Array.of(0), entry));
}

/** Form only. Another chain's entry is `wrong-kind`, one of another account or group `wrong-context`. */
export function parseEntry(bytes: Uint8Array, chain: ChainKind, chainId: Uint8Array): ChainEntry {
  const from = reader(bytes, MAX_CHAIN_ENTRY_BYTES);
  from.expect(VERSION, 'unsupported-version');
  from.expect(chain, 'wrong-kind');
  const id = from.bytes(CHAIN_ID_BYTES);
  const sequence = from.u32();
  const previousHash = from.bytes(HASH_BYTES);
  const operation = from.u8();
  const author = accountIdFromBytes(from.bytes(32));
  const body = from.sized(MAX_CHAIN_ENTRY_BYTES);
  const signature = from.bytes(SIGNATURE_BYTES);
  from.end();
  require(equalBytes(id, chainId), 'wrong-context');
  const signed = new Uint8Array(bytes.subarray(0, bytes.length - SIGNATURE_BYTES));
  return { chain, chainId: id, sequence, previousHash, operation, author, body, signed, signature, hash: entryHash(bytes) };
}

/** Throws `bad-signature`. */
export function verifyEntry(entry: ChainEntry, publicKey: Uint8Array): Promise<void> {
  return verifyPurpose(publicKey, PURPOSE_OF[entry.chain], entry.signed, entry.signature);
}

/** Throws `broken-link` unless the entry has this sequence and names this hash. */
export function requireLink(entry: ChainEntry, sequence: number, previousHash: Uint8Array): void {
  require(entry.sequence === sequence && equalBytes(entry.previousHash, previousHash), 'broken-link');
}
