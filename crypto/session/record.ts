/**
 * One session, and its compact encoding. The state variables are those of https://signal.org/docs/specifications/doubleratchet/ §3.2: RK,
 * DHs, DHr, PN, CKs/CKr with Ns/Nr, MKSKIPPED.
 *
 *   base key 32 ‖ theirs? 1 ‖ identity key 32 ‖ registration id 2 ‖ RK 32 ‖ DHs private 32 ‖ DHs public 32 ‖ DHr 32 ‖ PN 4
 *   ‖ pending? 1 [signed prekey id 4 ‖ one-time prekey id or 0, 4] ‖ chains 1 × (receiving? 1 ‖ key 32 ‖ N 4 ‖ open? 1 [CK 32]
 *   ‖ skipped 2 × (counter 4 ‖ day 2 ‖ message key 32))
 *
 * About 400 bytes with one chain each way. Receiving chains stand oldest first, skipped keys by counter. Every decode makes a new object:
 * what a failed attempt does to it is gone with it (L3); its keys are views into the record, to be replaced and never overwritten. Not sealed:
 * the vault does that.
 */
import { type Bytes, equalBytes } from '../bytes.ts';
import { require } from '../errors.ts';
import type { KeyPair } from '../keys/curve-key.ts';
import { MAX_OLD_RECEIVING_CHAINS, MAX_REGISTRATION_ID, MAX_SKIPPED_KEYS } from '../limits.ts';
import { type Reader, reader } from '../wire/reader.ts';
import { type Writer, writer } from '../wire/writer.ts';

/** `day`: of 1970 and on, when it was stored. */
export type SkippedKey = { key: Bytes; day: number };

export type Chain = {
  receiving: boolean;
  /** The ratchet key it belongs to. */
  ratchetKey: Bytes;
  /** N: how many message keys were derived, and so the number of the next. */
  next: number;
  /** CK; null once the chain is closed. */
  chainKey: Bytes | null;
  /** By message number, ascending. */
  skipped: Map<number, SkippedKey>;
};

export type SessionState = {
  baseKey: Bytes;
  /** The peer's first message began it. */
  byPeer: boolean;
  identityKey: Bytes;
  registrationId: number;
  rootKey: Bytes;
  /** DHs, the newest of ours; its public half names the sending chain. */
  ratchetPair: KeyPair;
  /** DHr, the newest of theirs. */
  remoteKey: Bytes;
  previousCounter: number;
  /** Until the peer has answered, every message is a first one and names these. */
  pending: { signedPrekeyId: number; oneTimePrekeyId?: number } | null;
  chains: Chain[];
};

// One sending, the newest receiving, the old receiving ones, and one that a step adds before the oldest goes.
const MAX_CHAINS = MAX_OLD_RECEIVING_CHAINS + 3;
const SKIPPED_KEY_BYTES = 38;
const MAX_CHAIN_BYTES = 80 + MAX_SKIPPED_KEYS * SKIPPED_KEY_BYTES;
export const MAX_RECORD_BYTES = 512 + MAX_CHAINS * MAX_CHAIN_BYTES;

export function chainOf(state: SessionState, ratchetKey: Uint8Array): Chain | undefined {
  return state.chains.find((chain) => equalBytes(chain.ratchetKey, ratchetKey));
}

function writeChain(out: Writer, { receiving, ratchetKey, next, chainKey, skipped }: Chain): void {
  out
    .flag(receiving)
    .fixed(ratchetKey, 32)
    .u32(next)
    .flag(chainKey !== null);
  if (chainKey) out.fixed(chainKey, 32);
  out.u16(skipped.size);
  for (const [counter, { key, day }] of skipped) out.u32(counter).u16(day).fixed(key, 32);
}

export function encodeRecord(state: SessionState): Bytes {
  const { pending, chains } = state;
  const out = writer()
    .fixed(state.baseKey, 32)
    .flag(state.byPeer)
    .fixed(state.identityKey, 32)
    .u16(state.registrationId)
    .fixed(state.rootKey, 32)
    .fixed(state.ratchetPair.privateKey, 32)
    .fixed(state.ratchetPair.publicKey, 32)
    .fixed(state.remoteKey, 32)
    .u32(state.previousCounter)
    .flag(pending !== null);
  if (pending) out.u32(pending.signedPrekeyId).u32(pending.oneTimePrekeyId ?? 0);
  require(chains.length <= MAX_CHAINS, 'too-large');
  out.u8(chains.length);
  for (const chain of chains) writeChain(out, chain);
  return out.done();
}

function readChain(input: Reader): Chain {
  const receiving = input.flag();
  const ratchetKey = input.view(32);
  const next = input.u32();
  const chainKey = input.flag() ? input.view(32) : null;
  const count = input.u16();
  require(count <= MAX_SKIPPED_KEYS, 'too-large');
  const skipped: Chain['skipped'] = new Map();
  let last = -1;
  for (let i = 0; i < count; i++) {
    const counter = input.u32();
    require(counter > last && counter < next, 'malformed');
    last = counter;
    const day = input.u16();
    skipped.set(counter, { day, key: input.view(32) });
  }
  return { receiving, ratchetKey, next, chainKey, skipped };
}

function readPending(input: Reader): SessionState['pending'] {
  const signedPrekeyId = input.u32();
  const oneTimePrekeyId = input.u32();
  return { signedPrekeyId, ...(oneTimePrekeyId === 0 ? {} : { oneTimePrekeyId }) };
}

export function decodeRecord(bytes: Uint8Array): SessionState {
  const input = reader(bytes, MAX_RECORD_BYTES);
  const baseKey = input.view(32);
  const byPeer = input.flag();
  const identityKey = input.view(32);
  const registrationId = input.u16();
  require(registrationId <= MAX_REGISTRATION_ID, 'malformed');
  const rootKey = input.view(32);
  const privateKey = input.view(32);
  const publicKey = input.view(32);
  const remoteKey = input.view(32);
  const previousCounter = input.u32();
  const pending = input.flag() ? readPending(input) : null;
  const count = input.u8();
  require(count <= MAX_CHAINS, 'too-large');
  const chains: Chain[] = [];
  const state = {
    baseKey,
    byPeer,
    identityKey,
    registrationId,
    rootKey,
    ratchetPair: { privateKey, publicKey },
    remoteKey,
    previousCounter,
    pending,
    chains,
  };
  for (let i = 0; i < count; i++) {
    const chain = readChain(input);
    require(chainOf(state, chain.ratchetKey) === undefined, 'malformed');
    chains.push(chain);
  }
  input.end();
  return state;
}

/** Did this base key, from a first message of the peer, begin this session? Reads the head alone. */
export function beganWith(record: Uint8Array, baseKey: Uint8Array): boolean {
  return equalBytes(record.subarray(0, 32), baseKey) && record[32] === 1;
}

/** Of a session we started and one the peer started meanwhile, whether ours is the one to go on in: both sides decide alike. */
export function precedes(ours: Uint8Array, theirs: Uint8Array): boolean {
  if (ours[32] !== 0 || theirs[32] !== 1) return false;
  const at = ours.subarray(0, 32).findIndex((byte, i) => byte !== theirs[i]);
  return at >= 0 && (ours[at] as number) < (theirs[at] as number);
}

/** The record of a session that its owner leaves behind by starting another: an answer that still comes does not bring it back. */
export function superseded(record: Uint8Array): Bytes {
  return encodeRecord({ ...decodeRecord(record), pending: null });
}

export function identityOf(record: Uint8Array): Bytes {
  return new Uint8Array(record.subarray(33, 65));
}
