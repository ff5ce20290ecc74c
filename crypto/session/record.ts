/**
 * One session of the library, between its own object and a compact encoding. The state variables are those of
 * https://signal.org/docs/specifications/doubleratchet/ §3.2: RK, DHs, DHr, PN, CKs/CKr with Ns/Nr, MKSKIPPED.
 *
 *   base key 32 ‖ theirs? 1 ‖ identity key 32 ‖ registration id 2 ‖ RK 32 ‖ DHs private 32 ‖ DHs public 32 ‖ DHr 32 ‖ PN 4
 *   ‖ pending? 1 [signed prekey id 4 ‖ one-time prekey id or 0, 4] ‖ chains 1 × (receiving? 1 ‖ key 32 ‖ next counter 4 ‖ open? 1 [CK 32]
 *   ‖ skipped 2 × (counter 4 ‖ day 2 ‖ message key 32))
 *
 * About 400 bytes with one chain each way. Receiving chains stand oldest first. Public keys lose their 0x05 here. Every decode makes a
 * new object: what a failed attempt does to it is gone with it (L3). Not sealed: the vault does that.
 */
import { type Bytes, equalBytes, fromBase64url, toBase64url } from '../bytes.ts';
import { require } from '../errors.ts';
import { MAX_OLD_RECEIVING_CHAINS, MAX_REGISTRATION_ID, MAX_SKIPPED_KEYS } from '../limits.ts';
import { type Reader, reader } from '../wire/reader.ts';
import { type Writer, writer } from '../wire/writer.ts';
import { BASE_KEY, CHAIN, encodeKey, KEY_TYPE, type LibrarySession, type PendingPreKey } from './library.ts';

type LibraryChain = LibrarySession['chains'][string];

/** Days since 1970 on which each skipped message key was stored, beside the library's `messageKeys`. */
export type Chain = LibraryChain & { storedOn: { [counter: number]: number } };

export type SessionState = LibrarySession & { chains: { [key: string]: Chain } };

// One sending, the newest receiving, the old receiving ones, and one that a step adds before the oldest goes.
const MAX_CHAINS = MAX_OLD_RECEIVING_CHAINS + 3;
const SKIPPED_KEY_BYTES = 38;
const MAX_CHAIN_BYTES = 80 + MAX_SKIPPED_KEYS * SKIPPED_KEY_BYTES;
export const MAX_RECORD_BYTES = 512 + MAX_CHAINS * MAX_CHAIN_BYTES;

/** The library names a chain by the standard base64 of its encoded key: 33 bytes, hence no padding. */
export function chainName(encodedKey: Uint8Array): string {
  return toBase64url(encodedKey).replaceAll('-', '+').replaceAll('_', '/');
}

function chainKeyOf(name: string): Bytes {
  return fromBase64url(name.replaceAll('+', '-').replaceAll('/', '_')).slice(1);
}

function withoutType(key: ArrayBuffer | Uint8Array): Uint8Array {
  const bytes = new Uint8Array(key);
  require(bytes[0] === KEY_TYPE, 'malformed');
  return bytes.subarray(1);
}

function writeChain(out: Writer, name: string, chain: Chain): void {
  const { key, counter } = chain.chainKey;
  out
    .flag(chain.chainType === CHAIN.receiving)
    .fixed(chainKeyOf(name), 32)
    .u32(counter + 1)
    .flag(key !== undefined);
  if (key) out.fixed(new Uint8Array(key), 32);
  const skipped = Object.entries(chain.messageKeys);
  out.u16(skipped.length);
  // Object keys that are numbers come in ascending order: one encoding a state.
  for (const [counterText, messageKey] of skipped) {
    const at = Number(counterText);
    out
      .u32(at)
      .u16(chain.storedOn[at] ?? 0)
      .fixed(new Uint8Array(messageKey), 32);
  }
}

export function encodeRecord(session: SessionState): Bytes {
  const { indexInfo, currentRatchet, pendingPreKey } = session;
  const pair = currentRatchet.ephemeralKeyPair;
  const baseKey = indexInfo.baseKey;
  require(pair !== undefined && baseKey !== undefined, 'malformed');
  const out = writer()
    .fixed(withoutType(baseKey), 32)
    .flag(indexInfo.baseKeyType === BASE_KEY.theirs)
    .fixed(withoutType(indexInfo.remoteIdentityKey), 32)
    .u16(session.registrationId ?? 0)
    .fixed(new Uint8Array(currentRatchet.rootKey), 32)
    .fixed(new Uint8Array(pair.privKey), 32)
    .fixed(withoutType(pair.pubKey), 32)
    .fixed(withoutType(currentRatchet.lastRemoteEphemeralKey), 32)
    .u32(currentRatchet.previousCounter)
    .flag(pendingPreKey !== undefined);
  if (pendingPreKey) out.u32(pendingPreKey.signedKeyId).u32(pendingPreKey.preKeyId ?? 0);
  const chains = Object.entries(session.chains);
  require(chains.length <= MAX_CHAINS, 'too-large');
  out.u8(chains.length);
  for (const [name, chain] of chains) writeChain(out, name, chain);
  return out.done();
}

function readChain(input: Reader): [string, Chain] {
  const chainType: number = input.flag() ? CHAIN.receiving : CHAIN.sending;
  const name = chainName(encodeKey(input.bytes(32)));
  const counter = input.u32() - 1;
  const chainKey: Chain['chainKey'] = { counter };
  if (input.flag()) chainKey.key = input.bytes(32).buffer;
  const messageKeys: Chain['messageKeys'] = {};
  const storedOn: Chain['storedOn'] = {};
  const count = input.u16();
  require(count <= MAX_SKIPPED_KEYS, 'too-large');
  let last = -1;
  for (let i = 0; i < count; i++) {
    const at = input.u32();
    require(at > last && at <= counter, 'malformed');
    last = at;
    storedOn[at] = input.u16();
    messageKeys[at] = input.bytes(32).buffer;
  }
  return [name, { chainType, chainKey, messageKeys, storedOn }];
}

function readPending(input: Reader, baseKey: ArrayBuffer): PendingPreKey<ArrayBuffer> {
  const signedKeyId = input.u32();
  const preKeyId = input.u32();
  return { baseKey, signedKeyId, ...(preKeyId === 0 ? {} : { preKeyId }) };
}

export function decodeRecord(bytes: Uint8Array): SessionState {
  const input = reader(bytes, MAX_RECORD_BYTES);
  const baseKey = encodeKey(input.bytes(32)).buffer;
  const baseKeyType: number = input.flag() ? BASE_KEY.theirs : BASE_KEY.ours;
  const remoteIdentityKey = encodeKey(input.bytes(32)).buffer;
  const registrationId = input.u16();
  require(registrationId <= MAX_REGISTRATION_ID, 'malformed');
  const rootKey = input.bytes(32).buffer;
  const privKey = input.bytes(32).buffer;
  const pubKey = encodeKey(input.bytes(32)).buffer;
  const lastRemoteEphemeralKey = encodeKey(input.bytes(32)).buffer;
  const previousCounter = input.u32();
  const pendingPreKey = input.flag() ? readPending(input, baseKey) : undefined;
  const count = input.u8();
  require(count <= MAX_CHAINS, 'too-large');
  const chains: SessionState['chains'] = {};
  for (let i = 0; i < count; i++) {
    const [name, chain] = readChain(input);
    require(chains[name] === undefined, 'malformed');
    chains[name] = chain;
  }
  input.end();
  return {
    // Whether a session is open is its place in the session list, not a time.
    indexInfo: { closed: -1, remoteIdentityKey, baseKey, baseKeyType },
    registrationId,
    currentRatchet: { rootKey, ephemeralKeyPair: { pubKey, privKey }, lastRemoteEphemeralKey, previousCounter },
    oldRatchetList: [],
    chains,
    ...(pendingPreKey ? { pendingPreKey } : {}),
  };
}

/** Did this base key, from a first message of the peer, begin this session? Reads the head alone. */
export function beganWith(record: Uint8Array, baseKey: Uint8Array): boolean {
  return equalBytes(record.subarray(0, 32), baseKey) && record[32] === 1;
}

export function identityOf(record: Uint8Array): Bytes {
  return new Uint8Array(record.subarray(33, 65));
}

/** A sender that has not heard from its peer must still write first messages. */
export function isAcknowledged(session: SessionState): boolean {
  return session.pendingPreKey === undefined;
}
